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
    /// All that is wrong, but for the tags. Where tags or the fleet's settings are unknown, what they may have is not
    /// missing.
    package let problemsOfHost: [SettingsProblem]
    /// The tags that are wrong. They are left out.
    package internal(set) var tagProblems: [SettingsProblem]
    /// All that is wrong.
    package var problems: [SettingsProblem] { problemsOfHost + tagProblems }
    /// The settings for metadata. A value that is wrong counts as the default. Tags can't have them.
    package let metadata: NodeSettings.Metadata
    /// The place of the fleet's settings; `nil` where there is none, or where it is wrong.
    package let fleet: FleetSettings?
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
        fleet document: FleetDocument?,
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
        let lenient = ValueReader(entries)
        self.fleet = role == .relay ? lenient.fleet() : nil
        // An unreadable file may hold what seems to be missing.
        var all = unreadable.map { [.unreadable($0)] } ?? formProblems + reader.problems
        let isFleetKnown = document != nil || fleet == nil
        if let fleet, document == nil { all.insert(.unreadFleet(fleet.place), at: 0) }
        self.obstacles = all.filter { $0.tag == nil }
        self.tagProblems = all.filter { $0.tag != nil }
        self.problemsOfHost =
            areTagsKnown && isFleetKnown ? obstacles : obstacles.filter { !$0.isCuredElsewhere }
        self.metadata = lenient.metadata() ?? NodeSettings.Metadata()
        self.bootstrapTimeout = lenient.bootstrapTimeout() ?? .seconds(1200)
        self.launch = lenient.launch()
    }

    /// The settings in force, without the tags that are wrong.
    ///
    /// - Throws: All else that is wrong, at once.
    package func inForce() throws(SettingsProblems) -> OfRole {
        guard obstacles.isEmpty, let settings else { throw SettingsProblems(problems: obstacles) }
        return settings
    }
}
