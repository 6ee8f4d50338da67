import Vocabulary

/// The settings in force, and where each came from.
package struct ResolvedSettings<Settings: Sendable>: Sendable {
    package let settings: Settings
    private let role: RoleName
    private let entries: SettingEntries

    init(_ settings: Settings, of role: RoleName, _ entries: SettingEntries) {
        self.settings = settings
        self.role = role
        self.entries = entries
    }

    /// Every setting of the role with its value in force and where that came from.
    package var values: [ResolvedValue] {
        SettingKey.all.filter { $0.counts(in: role) }.flatMap { key in
            let parameters = key == .postfix ? parameters : []
            if !parameters.isEmpty { return parameters }
            let entry = entries[key.name]
            return [
                ResolvedValue(key: key.name, value: entry.map { "\($0.value)" }, source: entry?.source ?? .standard)
            ]
        }
    }

    /// Each parameter of `[postfix]` with its own place.
    private var parameters: [ResolvedValue] {
        entries.parameters.map { raw, source in
            let key = "\(SettingKey.postfix.name).\(raw.name.keyForTOML)"
            return ResolvedValue(key: key, value: raw.value.quotedForTOML, source: source)
        }
    }

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
