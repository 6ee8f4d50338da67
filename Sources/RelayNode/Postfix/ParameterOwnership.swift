package import Vocabulary

/// The parameters that `[postfix]` can't have, since they are the agent's.
extension PostfixConfiguration {
    /// The parameters of `ownNames` that promise nothing to anybody: an operator's value takes their place.
    static let yielding: Set = ["smtpd_banner", "disable_vrfy_command", "biff"]

    /// Why a parameter can't stand in `[postfix]`, and the cure; `nil` where it can.
    ///
    /// - Parameter mail: The other settings, which may ask for the parameter.
    package static func refusal(of name: String, beside mail: NodeSettings.Mail) -> String? {
        if let setting = settings[name] { return "it is the agent's; set \(setting) instead" }
        if ownNames.contains(name), !yielding.contains(name) {
            return "it is the agent's: \(promises[name] ?? neverOpen)"
        }
        if leavingNames.contains(name) { return "it is the agent's: \(nothingLost)" }
        if let reason = fixed[name] { return reason }
        if mail.senders.refuses, pastSigner.contains(name) {
            return "mail goes past the check of mail.senders by it; remove it, or set mail.senders_mode to \"warn\""
        }
        // No part's parameters depend on these.
        let parts = AskedParts(
            mail,
            authorities: "",
            password: nil,
            probes: [],
            version: .havingRelayRestrictions
        )
        let group = parts.groups.first { $0.parameters.contains { $0.name == name } }
        return group.map { "\($0.setting) sets it already; remove one of the two" }
    }

    /// The parameters that `[postfix]` can't have, whatever the other settings are.
    package static let refusedNames = leavingNames.union(ownNames).union(settings.keys).union(fixed.keys)
        .subtracting(yielding).sorted()

    /// The parameters by which mail goes past the milters, or passes where they do not answer.
    private static let pastSigner: Set = [
        "smtpd_milter_maps", "receive_override_options", "milter_default_action", "smtpd_proxy_filter",
    ]

    /// The parameters that nobody may change while Postfix has mail.
    private static let fixed = [
        "queue_directory": "it can't change here, since the mail in the present queue would stay behind; remove it"
    ]

    /// The settings that have a parameter's value, or decide it.
    package static let settings = [
        "mydomain": "mail.domain", "myorigin": "mail.domain", "myhostname": "mail.hostname", greeting: "mail.hostname",
        "mydestination": "mail.destinations", "mynetworks": "mail.networks", "relay_domains": "mail.transport",
        "smtpd_upstream_proxy_protocol": "mail.proxy_protocol",
        "postscreen_upstream_proxy_protocol": "mail.proxy_protocol",
        "smtp_tls_security_level": "mail.tls.outbound_level", "message_size_limit": "mail.message_size_limit",
        "maximal_queue_lifetime": "mail.maximal_queue_lifetime",
        "bounce_queue_lifetime": "mail.bounce_queue_lifetime",
        "default_destination_concurrency_limit": "mail.default_destination_concurrency_limit",
        "default_destination_rate_delay": "mail.default_destination_rate_delay",
    ]

    /// The parameters that only a leaving node has, and that nobody else may set.
    private static let leavingNames: Set = {
        let names = LeavingRoutes(handOver: "x", closed: ["x"]).parameters.map(\.name)
        // The others are the operator's until the node leaves.
        return Set(names.filter { $0.hasPrefix("\(evacuationService)_") || $0 == "master_service_disable" })
    }()

    private static let neverOpen = """
        it decides who may relay, and a relay must never be open to strangers; remove it, and list senders in mail.networks
        """
    private static let nothingLost = """
        it belongs to the way by which a leaving node hands its mail over, so that nothing is lost; remove it
        """
    /// The promises behind the other parameters.
    private static let promises = [
        "inet_interfaces": neverDeaf, "inet_protocols": neverDeaf,
    ]
    private static let neverDeaf = """
        load balancers and senders reach the node by it, and a relay must never be deaf; remove it
        """
}
