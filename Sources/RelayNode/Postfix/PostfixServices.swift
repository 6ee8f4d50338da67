package import Vocabulary

/// The services of Postfix's master that are the agent's: the doors that mail comes in by.
extension PostfixConfiguration {
    /// master.cf with Postfix's own smtpd on the ports that mail is taken on.
    package func masterCf(from current: String) -> String {
        var file = MasterCf(current)
        for form in Self.formerSelfTestEntries { file.remove(Self.formerSelfTestService, "inet", where: form) }
        openRelayDoor(of: &file)
        if !ports.contains(587) {
            file.remove("submission", "inet", where: Self.submissionEntry)
        } else if !serves(587, in: file) {
            file.set("submission", "inet", to: Self.submissionEntry)
        }
        if upstream?.isImplicitTLS == true {
            file.set(Self.smarthostService, "unix", to: Self.smarthostEntry)
        } else {
            file.remove(Self.smarthostService, "unix", where: Self.smarthostEntry)
        }
        file.set(Self.evacuationService, "unix", to: Self.evacuationEntry)
        file.set(destinations.services)
        return file.text
    }

    /// Makes a service listen on port 25 at the address that the load balancer sends to. An entry for loopback alone,
    /// as some tools leave it behind, is opened: beside one for all addresses, Postfix could not start.
    private func openRelayDoor(of file: inout MasterCf) {
        if serves(25, in: file) { return }
        for entry in file.entries.reversed() where entry.type == "inet" && Listener(entry.service).port == 25 {
            file.remove(entry)
        }
        file.set("smtp", "inet", to: [Self.relayEntry])
    }

    private func serves(_ port: UInt16, in file: MasterCf) -> Bool {
        file.entries.lazy.filter { $0.type == "inet" }.map { Listener($0.service) }
            .contains { $0.port == port && $0.serves(address) }
    }

    /// The entries that the agent may have written.
    static let ownEntries = [[relayEntry], submissionEntry, smarthostEntry, evacuationEntry]

    private static let relayEntry = "smtp      inet  n       -       n       -       -       smtpd"
    // The entry has no override: the senders, the policy and its proof are those of port 25.
    private static let submissionEntry = [
        "submission inet n       -       n       -       -       smtpd",
        "  -o syslog_name=postfix/submission",
    ]

    /// The way to a smarthost where TLS begins at once.
    static let smarthostService = "smarthost"
    private static let smarthostEntry = [
        "\(smarthostService) unix  -       -       n       -       -       smtp",
        "  -o syslog_name=postfix/smarthost",
        "  -o smtp_tls_wrappermode=yes",
    ]

    /// The way to the other relays for the mail of a node that leaves.
    ///
    /// Relays may all go by one name (mail.hostname), and Postfix does not hand mail to a server that answers EHLO with its own
    /// name, so this client has another. No refusal by another relay is final: the mail stays queued here.
    static let evacuationService = "evacuation"
    static let evacuationEntry = [
        "\(evacuationService) unix -       -       n       -       -       smtp",
        "  -o syslog_name=postfix/evacuation",
        "  -o myhostname=leaving.$mydomain",
        "  -o smtp_helo_name=leaving.$mydomain",
        "  -o soft_bounce=yes",
        "  -o smtp_tls_security_level=may",
        "  -o smtp_tls_policy_maps=",
        "  -o smtp_sasl_auth_enable=no",
        "  -o smtp_fallback_relay=",
    ]

    /// The name by which a leaving relay greets the others.
    package static func handOverGreeting(_ domain: DomainName) -> String { "leaving.\(domain)" }

    /// The listener that earlier versions proved the relay by, in the forms in which they wrote it. Content filters hand
    /// mail back by a port of that number, and theirs stays.
    private static let formerSelfTestService = "127.0.0.1:10025"
    private static let formerSelfTestEntries: [[String]] = {
        let entry = [
            "\(formerSelfTestService) inet n - n - 2 smtpd",
            "  -o syslog_name=postfix/self-test",
            "  -o smtpd_authorized_xclient_hosts=127.0.0.0/8",
        ]
        return [entry, entry + ["  -o smtpd_upstream_proxy_protocol="]]
    }()
}
