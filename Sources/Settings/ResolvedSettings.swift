package import Vocabulary

/// The settings in force, and where each came from.
package struct ResolvedSettings<Settings: Sendable>: Sendable {
    package let settings: Settings
    package let values: [ResolvedValue]

    /// A table for people: `mail.domain = "example.com"   # tag smtp-relay:domain`.
    package var table: String {
        let rows = values.map { ("\($0.key) = \($0.value ?? "(not set)")", "\($0.source)") }
        let width = rows.map(\.0.count).max() ?? 0
        return rows.map { $0.0 + String(repeating: " ", count: width - $0.0.count) + "  # \($0.1)\n" }.joined()
    }
}

/// A setting's value in force.
package struct ResolvedValue: Sendable, Equatable {
    package let key: String
    /// As it would stand in TOML; `nil` where it is not set and has no default.
    package let value: String?
    package let source: ValueSource
}

/// The role of the host, as far as it is known without metadata.
package enum Role: Sendable {
    /// Its settings may stand in the instance's tags, too.
    case relay
    case sender(ResolvedSettings<SenderSettings>)
}
