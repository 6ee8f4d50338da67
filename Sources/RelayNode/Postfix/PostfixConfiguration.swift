package import Vocabulary

/// Postfix as a relay for the allowed networks.
package struct PostfixConfiguration: Sendable, Equatable {
    /// A parameter of main.cf (postconf(5)).
    package struct Parameter: Sendable, Equatable {
        package let name: String
        package let value: String

        init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// Every parameter that is the agent's; all others are the operator's and the distribution's.
    package let parameters: [Parameter]
    /// The tables that the parameters name.
    package let tables: [PostfixTable]
    /// Where all mail goes while the node leaves, as Postfix writes a relayhost.
    private let evacuation: String?

    init(
        _ mail: NodeSettings.Mail,
        facts: NodeFacts,
        allowed: AllowedNetworks,
        families: Set<IPAddress.Family>,
        evacuation: String?
    ) {
        self.evacuation = evacuation
        let hostname = mail.hostname?.description ?? "\(facts.privateAddress.hostLabel).\(mail.domain)"
        let destinations = ["$myhostname", "localhost.$mydomain", "localhost"] + mail.destinations.map(\.description)
        // Both lists, since Postfix before 2.10 knows only the one, and an open one of the two is not enough.
        let relayPolicy = "permit_mynetworks, reject_unauth_destination"
        let networks = NetworkList(allowed, table: mail.networkTable)
        self.tables = [networks.table].compactMap(\.self)
        self.parameters = [
            Parameter("mydomain", mail.domain.description),
            Parameter("myhostname", hostname),
            Parameter("myorigin", "$mydomain"),
            Parameter("mydestination", destinations.joined(separator: ", ")),
            Parameter("mynetworks", networks.value),
            Parameter("inet_interfaces", "all"),
            Parameter("inet_protocols", families.contains(.ipv6) ? "all" : "ipv4"),
            // Its default is $mydestination on older Postfix, and would relay for these to any host.
            Parameter("relay_domains", ""),
            Parameter("smtpd_relay_restrictions", relayPolicy),
            Parameter("smtpd_recipient_restrictions", relayPolicy),
            Parameter("smtpd_banner", "$myhostname ESMTP"),
            Parameter("disable_vrfy_command", "yes"),
            Parameter("biff", "no"),
        ]
    }

    /// main.cf with the agent's parameters set.
    package func mainCf(from current: String) -> String {
        var file = MainCf(current).evacuating(to: nil)
        for parameter in parameters { file.set(parameter.name, to: parameter.value) }
        return file.evacuating(to: evacuation).text
    }

    /// master.cf with Postfix's own smtpd on port 25, and the listener that the self-test speaks to.
    ///
    /// - Throws: `RelayPolicyOverridden` where the file itself sets a relay policy on port 25.
    package func masterCf(from current: String) throws(RelayPolicyOverridden) -> String {
        var file = MasterCf(current)
        let relays = file.entries.filter { $0.type == "inet" && $0.servesPort25 }
        for entry in relays {
            if let override = entry.overrides.first(where: { Self.policyParameters.contains($0.name) }) {
                throw RelayPolicyOverridden(service: entry.service, parameter: override.name, value: override.value)
            }
        }
        if relays.isEmpty { file.set("smtp", "inet", to: [Self.relayEntry]) }
        file.set(Self.selfTestService, "inet", to: Self.selfTestEntry)
        return file.text
    }

    /// What a running Postfix needs to go from one main.cf to another: it binds its addresses once, at its start
    /// (postconf(5), inet_interfaces and inet_protocols).
    package static func action(from current: String?, to desired: String) -> ServiceAction {
        guard let current else { return .restart }
        if current == desired { return .none }
        let (before, after) = (MainCf(current), MainCf(desired))
        return ["inet_interfaces", "inet_protocols"].allSatisfy { before[$0] == after[$0] } ? .reload : .restart
    }

    private static let relayEntry = "smtp      inet  n       -       n       -       -       smtpd"

    /// The self-test's listener.
    package static let selfTestAddress = IPAddress(bytes: [127, 0, 0, 1])
    /// The self-test's listener's port.
    package static let selfTestPort: UInt16 = 10025
    private static let selfTestService = "\(selfTestAddress):\(selfTestPort)"
    private static let selfTestEntry = [
        "\(selfTestService) inet n - n - 2 smtpd",
        "  -o syslog_name=postfix/self-test",
        "  -o smtpd_authorized_xclient_hosts=127.0.0.0/8",
    ]

    /// The self-test's listener does not share these overrides, so it could not see what they open or close.
    private static let policyParameters: Set = [
        "mynetworks", "mynetworks_style", "mydestination", "relay_domains", "smtpd_relay_restrictions",
        "smtpd_recipient_restrictions", "smtpd_client_restrictions", "smtpd_sender_restrictions",
        "smtpd_helo_restrictions", "smtpd_delay_reject", "smtpd_authorized_xclient_hosts",
    ]
}

extension MasterCf.Entry {
    /// Whether it listens on port 25, on whatever address.
    fileprivate var servesPort25: Bool {
        let port = service.split(separator: ":").last.map(String.init) ?? service
        return port == "smtp" || port == "25"
    }
}

/// master.cf has a relay policy of its own for port 25, behind main.cf's back.
package struct RelayPolicyOverridden: Error, Sendable, Equatable, CustomStringConvertible {
    package let service: String
    package let parameter: String
    package let value: String

    package var description: String {
        """
        /etc/postfix/master.cf: the '\(service)' service sets '-o \(parameter)=\(value.escapedForDisplay)', which \
        overrides the relay's policy on port 25; remove that option and run 'smtp-relay-agent reconcile'
        """
    }
}

extension IPAddress {
    /// As AWS makes a host's name of its address: `ip-10-0-1-10`.
    fileprivate var hostLabel: String {
        "ip-" + description.map { $0 == "." || $0 == ":" ? "-" : String($0) }.joined()
    }
}
