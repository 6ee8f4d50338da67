/// A lookup table beside main.cf, written whole by the agent.
///
/// Its types are those that every Postfix since 2.8 reads as they are: no postmap, and no database library, which RHEL 10
/// and Amazon Linux 2023 do not have.
package struct PostfixTable: Sendable, Equatable {
    /// Every table that there may be.
    package enum Name: String, Sendable, CaseIterable {
        /// The networks whose mail is relayed (cidr_table(5)).
        case networks = "network_table"
        /// Where the mail of which domain goes (transport(5)).
        case transports = "transport_table"
        /// Which server is told which user and password (postconf(5), smtp_sasl_password_maps).
        case passwords = "sasl_password_table"
        /// To which server TLS is how strict (postconf(5), smtp_tls_policy_maps).
        case tlsPolicies = "tls_policy_table"
        /// What becomes of which header on the way out (header_checks(5)).
        case headerChecks = "header_checks_table"

        /// The file's absolute path.
        package var path: String { "/etc/postfix/\(rawValue)" }

        /// Whether it is for root's eyes alone.
        package var isSecret: Bool { self == .passwords }

        /// As a parameter of main.cf names it.
        var reference: String { "\(type):\(path)" }

        private var type: String {
            switch self {
            case .networks: "cidr"
            case .transports, .passwords, .tlsPolicies: "texthash"
            case .headerChecks: "regexp"
            }
        }
    }

    package let name: Name
    package let text: String

    init(_ name: Name, _ lines: [String]) {
        self.name = name
        self.text = ([Self.header] + lines).joined(separator: "\n") + "\n"
    }

    /// Whether a file of such a name is the agent's own work, and nobody else's.
    package static func isOwn(_ text: String) -> Bool { text.hasPrefix(header) }

    private static let header = "# Written by smtp-relay-agent, the whole of it; edits are undone."
}
