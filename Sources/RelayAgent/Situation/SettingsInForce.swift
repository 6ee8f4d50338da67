import Settings
import Vocabulary

/// The settings that a pass goes by: as they are now, or, where these are wrong, as they were when they were right last.
struct SettingsInForce: Sendable {
    /// As far as they can be judged before the instance's tags are read.
    let early: SettingsReading
    private let sources: SettingsSources
    /// The tags that `early` goes by.
    private let earlyTags: [String: String]?
    let isStandIn: Bool

    /// The settings as they are now.
    ///
    /// - Parameter knownTags: The instance's tags as they were read last, where they were.
    init(_ sources: SettingsSources, knownTags: [String: String]?) {
        self.early = sources.read(tags: knownTags)
        self.sources = sources
        self.earlyTags = knownTags
        self.isStandIn = false
    }

    /// The settings as they were when they were right last, with the tags of that time: a tag may be what is wrong now.
    init(_ kept: KeptSettings) {
        self.early = kept.known.read(tags: kept.tags)
        self.sources = kept.known
        self.earlyTags = kept.tags
        self.isStandIn = true
    }

    /// Whether the fleet's settings are wanted, but no version is known.
    var lacksFleet: Bool { !isStandIn && early.fleet != nil && sources.fleetVersion == nil }

    /// The same with a version of the fleet's settings.
    func with(fleet document: FleetDocument) -> SettingsInForce {
        SettingsInForce(sources.with(fleet: document), knownTags: earlyTags)
    }

    /// The settings with the instance's tags. They are resolved anew only where the tags are others.
    func reading(tags: [String: String]) -> SettingsReading {
        isStandIn || tags == earlyTags ? early : sources.read(tags: tags)
    }

    /// The settings to keep for a time when they are wrong; `nil` where that time is now.
    func kept(tags: [String: String]) -> KeptSettings? { isStandIn ? nil : sources.kept(tags: tags) }
}
