package import Vocabulary

/// A setting's name, form and meaning: one row of the table that everything else is made of.
package struct SettingKey: Sendable, Equatable {
    /// The form of a value, as it stands in TOML.
    package enum Form: Sendable, Equatable {
        case text
        case list
        case boolean
        case number
        case duration
        /// Tables of these two texts each, of which the second may be a list; elsewhere a list of `first=second`.
        case pairs(String, String)
        /// A table of values of any names; elsewhere a list of `name=value`.
        case parameters
        /// Tables with `domain`, `selector`, and either `key_file` or `key_parameter`; elsewhere a list of
        /// `domain=selector:/file` or `domain=selector:ssm:parameter`.
        case signingKeys
        /// Tables with `domain`, and `concurrency` or `rate`, or `tls`; elsewhere a list of `domain=rate:30/m;tls:encrypt`.
        case receivingDomains

        /// A value of this form in words, for an error message.
        var expectation: String {
            switch self {
            case .text: "a text in quotes"
            case .list: "a list of texts, such as [\"a\", \"b\"]"
            case .boolean: "true or false"
            case .number: "a number"
            case .pairs(let first, let second): "tables of two texts each, \(first) and \(second)"
            case .parameters: "a table of texts, whole numbers, true or false, and lists of these"
            case .signingKeys:
                "tables of three texts each: domain, selector, and either key_file (an absolute path) or key_parameter"
            case .receivingDomains:
                """
                tables with domain (a text), and with concurrency (a number) or rate (a text), or tls (a text), or both
                """
            case .duration: "a duration, such as \"90s\", \"5m\" or \"1h\""
            }
        }
    }

    /// The sources that may supply a value, besides this host's own: its flags, variables and file.
    package enum Suppliers: Sendable, Equatable {
        /// The fleet's settings, and the instance's tags.
        case fleetAndTags
        /// The fleet's settings. It decides where mail goes or who may relay, and `ec2:CreateTags` is not root.
        case fleet
        /// None: it counts before the others can be read.
        case host
    }

    /// The section and the key, as in `mail.domain`.
    package let name: String
    package let form: Form
    /// The texts or numbers that it may have.
    let values: ValueKind
    package let suppliers: Suppliers
    /// The default; `nil` where there is none.
    let standard: RawValue?
    /// The meaning of a setting without a default that is not set, as a Markdown phrase: "required".
    private let otherwise: String
    /// Its effect, as Markdown sentences.
    package let summary: String

    init(
        _ name: String,
        _ form: Form,
        _ values: ValueKind = .any,
        from suppliers: Suppliers,
        standard: RawValue?,
        otherwise: String = "",
        _ summary: String
    ) {
        self.name = name
        self.form = form
        self.values = values
        self.suppliers = suppliers
        self.standard = standard
        self.otherwise = otherwise
        self.summary = summary
    }

    /// The value where the setting is not set, for the reference: `8080` or "required".
    package var fallback: String {
        switch standard {
        case .text(let text)?: "`\(text)`"
        case let value?: "`\(value)`"
        case nil: otherwise
        }
    }

    /// Variables and tags omit the section `mail`.
    private var shortName: String { name.hasPrefix("mail.") ? String(name.dropFirst(5)) : name }

    /// Such as `SMTP_RELAY_DOMAIN`.
    package var variable: String {
        Self.variablePrefix + shortName.map { $0 == "." ? "_" : $0.uppercased() }.joined()
    }

    /// Such as `smtp-relay:domain`.
    package var tag: String { Self.tagPrefix + shortName }

    /// Whether it says something of a host in a role.
    package func counts(in role: RoleName) -> Bool {
        switch role {
        case .relay: section != "sender"
        case .sender: ["role", "sender", "packages", "reconcile", "bootstrap"].contains(section)
        }
    }

    /// The section: the word before the first dot.
    private var section: Substring { name.prefix { $0 != "." } }

    static let variablePrefix = "SMTP_RELAY_"
    /// Names the settings' file itself.
    package static let fileVariable = "SMTP_RELAY_CONFIG"
    static let tagPrefix = "smtp-relay:"

    /// Every setting there is.
    package static let all: [SettingKey] = [role] + mail + senders + limits + [postfix] + sender + node

    static func named(_ name: String) -> SettingKey? { all.first { $0.name == name } }

    /// The known name that a wrong one was most likely meant to be; `nil` where none is near.
    static func nearest(to name: String, among names: [String]) -> String? {
        // A long one is near to none, and its distance takes long to find.
        guard name.utf8.count < 100 else { return nil }
        let ranked = names.map { ($0, editDistance($0, name)) }.min { $0.1 < $1.1 }
        guard let (best, distance) = ranked, distance <= max(2, name.count / 3) else { return nil }
        return best
    }

    /// Levenshtein's distance.
    private static func editDistance(_ left: String, _ right: String) -> Int {
        var row = Array(0...right.count)
        for (i, a) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, b) in right.enumerated() {
                let substituted = diagonal + (a == b ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(substituted, row[j] + 1, diagonal + 1)
            }
        }
        return row[right.count]
    }
}
