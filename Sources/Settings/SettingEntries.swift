/// The entries of all sources, the strongest first. The defaults come last.
struct SettingEntries: Sendable {
    let all: [SettingEntry]

    /// - Parameter given: The strongest first.
    init(_ given: [SettingEntry]) {
        let defaults = SettingKey.all.compactMap { key in
            key.standard.map { SettingEntry(key: key, value: $0, source: .standard) }
        }
        self.all = given + defaults
    }

    /// The entry in force.
    subscript(_ name: String) -> SettingEntry? { all.first { $0.key.name == name } }
}
