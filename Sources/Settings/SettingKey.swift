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
        /// Tables of these two texts each; elsewhere a list of `first=second`.
        case pairs(String, String)

        /// A value of this form in words, for an error message.
        var expectation: String {
            switch self {
            case .text: "a text in quotes"
            case .list: "a list of texts, such as [\"a\", \"b\"]"
            case .boolean: "true or false"
            case .number: "a number"
            case .pairs(let first, let second): "tables of two texts each, \(first) and \(second)"
            case .duration: "a duration, such as \"90s\", \"5m\" or \"1h\""
            }
        }
    }

    /// The section and the key, as in `mail.domain`.
    package let name: String
    package let form: Form
    /// The default; `nil` where there is none.
    let standard: RawValue?
    /// The meaning of a setting without a default that is not set, as a Markdown phrase: "required".
    private let otherwise: String
    /// Its effect, as Markdown sentences.
    package let summary: String

    init(_ name: String, _ form: Form, standard: RawValue?, otherwise: String = "", _ summary: String) {
        self.name = name
        self.form = form
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

    /// Whether it counts before the instance's tags are read, so that it can't come from them.
    package var precedesTags: Bool {
        let section = section
        return section == "metadata" || section == "bootstrap" || section == "role" || section == "sender"
    }

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
    package static let all: [SettingKey] = [role] + mail + sender + node

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
