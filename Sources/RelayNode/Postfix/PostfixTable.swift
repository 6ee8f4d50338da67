import Vocabulary

/// A lookup table beside main.cf, written whole by the agent.
///
/// Its types are those that every Postfix reads as they are: no postmap, and no database library, which RHEL 10 and Amazon
/// Linux 2023 do not have.
package struct PostfixTable: Sendable, Equatable {
    /// Every table that there may be.
    package enum Name: String, Sendable, CaseIterable {
        /// The networks whose mail is relayed (cidr_table(5)).
        case networks = "network_table"
        /// The route of each domain's mail (transport(5)).
        case transports = "transport_table"
        /// The user and password for each server (postconf(5), smtp_sasl_password_maps).
        case passwords = "sasl_password_table"
        /// The TLS level for each server (postconf(5), smtp_tls_policy_maps).
        case tlsPolicies = "tls_policy_table"
        /// The addresses in place of senders (canonical(5), regexp_table(5)).
        case senders = "sender_table"
        /// The action for each header on the way out (header_checks(5)).
        case headerChecks = "header_checks_table"
        /// The answer to each client while the node leaves; otherwise empty (cidr_table(5), access(5)).
        case leaving = "leaving_table"

        /// The file's absolute path.
        package var path: String { "/etc/postfix/\(rawValue)" }

        /// Whether it is for root's eyes alone.
        package var isSecret: Bool { self == .passwords }

        /// The table as a parameter of main.cf names it.
        func reference(_ version: PostfixVersion) -> String { "\(type(version)):\(path)" }

        private func type(_ version: PostfixVersion) -> String {
            switch self {
            case .networks: "cidr"
            // smtpd reads a table once, at its start. proxymap(8) is started anew by a reload, so open sessions see the change.
            case .leaving: "proxy:cidr"
            case .transports, .passwords, .tlsPolicies: PostfixTable.hasPatterns(version) ? "regexp" : "texthash"
            case .headerChecks, .senders: "regexp"
            }
        }

        /// Whether an address is looked up in it by its domain.
        fileprivate var isOfDomains: Bool { self == .transports }
    }

    package let name: Name
    package let text: String

    init(_ name: Name, _ lines: [String]) {
        self.name = name
        self.text = ([OwnFile.header] + lines).joined(separator: "\n") + "\n"
    }

    /// - Parameter rows: Each key with its value.
    init(_ name: Name, _ rows: [(key: String, value: String)], for version: PostfixVersion) {
        self.init(
            name,
            rows.map { row in
                guard Self.hasPatterns(version) else { return "\(row.key) \(row.value)" }
                // A single dollar stands for a part of the key (regexp_table(5)).
                return "\(Self.pattern(of: row.key, in: name)) \(row.value.replacing("$", with: "$$"))"
            }
        )
    }

    /// The value of a key in the text of such a table, of either form.
    package static func value(of key: String, in text: String, of name: Name) -> String? {
        for line in text.split(separator: "\n") {
            let row = line.split(separator: " ", maxSplits: 1)
            guard row.count == 2 else { continue }
            if row[0] == key { return String(row[1]) }
            if row[0] == pattern(of: key, in: name) { return String(row[1]).replacing("$$", with: "$") }
        }
        return nil
    }

    /// Before 2.8 there is no `texthash`, and a table of patterns takes its place (regexp_table(5)).
    private static func hasPatterns(_ version: PostfixVersion) -> Bool { version < .readingTextHash }

    /// The pattern of just this key.
    private static func pattern(of key: String, in name: Name) -> String {
        let text = key.map { $0.isASCII && ($0.isLetter || $0.isNumber || "-:".contains($0)) ? "\($0)" : "\\\($0)" }
        return "/\(name.isOfDomains ? "@" : "^")\(text.joined())$/"
    }

    /// Whether a file of such a name is the agent's own work, and nobody else's.
    package static func isOwn(_ text: String) -> Bool { text.hasPrefix(OwnFile.header) }
}
