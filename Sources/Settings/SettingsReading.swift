package import Vocabulary

/// The settings as all of their sources have them, and what is wrong with them.
package struct SettingsReading: Sendable {
    /// The settings of one role.
    package enum OfRole: Sendable {
        case relay(ResolvedSettings<NodeSettings>)
        case sender(ResolvedSettings<SenderSettings>)
    }

    /// The role of the host, also where other settings are wrong; a relay where the role itself is wrong.
    package let role: RoleName
    /// All that is wrong. Where the tags are unknown, what they may have is not missing.
    package let problems: [SettingsProblem]
    /// The settings for metadata. A value that is wrong counts as the default. Tags can't have them.
    package let metadata: NodeSettings.Metadata
    /// The time limit of `bootstrap`. A value that is wrong counts as the default.
    package let bootstrapTimeout: Duration
    /// The lifecycle hook and the stack that wait for the result of `bootstrap`, without what is wrong or not whole.
    package let launch: NodeSettings.Launch
    private let settings: OfRole?
    /// The problems, and the settings that are missing.
    private let obstacles: [SettingsProblem]

    init(
        _ entries: SettingEntries,
        areTagsKnown: Bool,
        formProblems: [SettingsProblem],
        unreadable: (any Error)?
    ) {
        let reader = ValueReader(entries)
        self.role = reader.role()
        self.settings =
            switch role {
            case .relay: reader.settings().map { .relay(ResolvedSettings($0, of: .relay, entries)) }
            case .sender: reader.sender().map { .sender(ResolvedSettings($0, of: .sender, entries)) }
            }
        // An unreadable file may hold what seems to be missing.
        self.obstacles = unreadable.map { [.unreadable($0)] } ?? formProblems + reader.problems
        self.problems = areTagsKnown ? obstacles : obstacles.filter { !$0.isCuredByTag }
        let lenient = ValueReader(entries)
        self.metadata = lenient.metadata() ?? NodeSettings.Metadata()
        self.bootstrapTimeout = lenient.bootstrapTimeout() ?? .seconds(1200)
        self.launch = lenient.launch()
    }

    /// The settings in force.
    ///
    /// - Throws: All that is wrong, at once.
    package func inForce() throws(SettingsProblems) -> OfRole {
        guard obstacles.isEmpty, let settings else { throw SettingsProblems(problems: obstacles) }
        return settings
    }
}
