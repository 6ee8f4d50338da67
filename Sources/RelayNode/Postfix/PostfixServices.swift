package import Vocabulary

/// The services of Postfix's master that are the agent's: the doors that mail comes in by, and the self-test's listener.
extension PostfixConfiguration {
    /// master.cf with Postfix's own smtpd on the ports that mail is taken on, and the listener that the self-test speaks to.
    ///
    /// - Throws: `RelayPolicyOverridden` where the file itself sets a relay policy on a door.
    package func masterCf(from current: String) throws(RelayPolicyOverridden) -> String {
        var file = MasterCf(current)
        for entry in file.entries where entry.isDoor && entry.service != Self.selfTestService {
            if let override = entry.overrides.first(where: { Self.policyParameters.contains($0.name) }) {
                throw RelayPolicyOverridden(service: entry.service, parameter: override.name, value: override.value)
            }
        }
        func serves(_ port: UInt16, _ name: String) -> Bool {
            file.entries.contains { $0.type == "inet" && ["\(port)", name].contains($0.port) }
        }
        if !serves(25, "smtp") { file.set("smtp", "inet", to: [Self.relayEntry]) }
        if !ports.contains(587) {
            file.remove("submission", "inet", where: Self.submissionEntry)
        } else if !serves(587, "submission") {
            file.set("submission", "inet", to: Self.submissionEntry)
        }
        if upstream?.isImplicitTLS == true {
            file.set(Self.smarthostService, "unix", to: Self.smarthostEntry)
        } else {
            file.remove(Self.smarthostService, "unix", where: Self.smarthostEntry)
        }
        file.set(Self.selfTestService, "inet", to: selfTestEntry)
        return file.text
    }

    private static let relayEntry = "smtp      inet  n       -       n       -       -       smtpd"
    // Not one override: the senders, the policy and its proof are those of port 25.
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

    /// The self-test's listener.
    package static let selfTestAddress = IPAddress(bytes: [127, 0, 0, 1])
    /// The self-test's listener's port.
    package static let selfTestPort: UInt16 = 10025
    private static let selfTestService = "\(selfTestAddress):\(selfTestPort)"
    private var selfTestEntry: [String] {
        let entry = [
            "\(Self.selfTestService) inet n - n - 2 smtpd",
            "  -o syslog_name=postfix/self-test",
            "  -o smtpd_authorized_xclient_hosts=127.0.0.0/8",
        ]
        return version < .havingRelayRestrictions ? entry : entry + ["  -o smtpd_upstream_proxy_protocol="]
    }

    /// The self-test's listener does not share these overrides, so it could not see what they open or close.
    private static let policyParameters: Set = [
        "mynetworks", "mynetworks_style", "mydestination", "relay_domains", "smtpd_relay_restrictions",
        "smtpd_recipient_restrictions", "smtpd_client_restrictions", "smtpd_sender_restrictions",
        "smtpd_helo_restrictions", "smtpd_delay_reject", "smtpd_authorized_xclient_hosts",
        "smtpd_upstream_proxy_protocol",
    ]
}

extension MasterCf.Entry {
    /// The port that it listens on, on whatever address, by its number or its name.
    fileprivate var port: String { service.split(separator: ":").last.map(String.init) ?? service }

    /// Whether mail may come in by it: an smtpd, or whatever else listens where one does.
    fileprivate var isDoor: Bool {
        command == "smtpd" || type == "inet" && ["smtp", "25", "submission", "587"].contains(port)
    }
}

/// master.cf has a relay policy of its own for a port, behind main.cf's back.
package struct RelayPolicyOverridden: Error, Sendable, Equatable, CustomStringConvertible {
    package let service: String
    package let parameter: String
    package let value: String

    package var description: String {
        """
        /etc/postfix/master.cf: the '\(service)' service sets '-o \(parameter)=\(value.escapedForDisplay)', which \
        overrides the relay's policy there; remove that option and run 'smtp-relay-agent reconcile'
        """
    }
}
