import Facts
import Settings
import Synchronization
import Vocabulary

/// The values that a process remembers from one pass to the next.
final class AgentMemory: Sendable {
    private struct Contents {
        var facts: InstanceFacts?
        var notices: InstanceNotices?
        var metadata: MetadataClient?
        var resident = ResidentSettings()
        var isTrial = false
        var kept: (settings: KeptSettings?, facts: InstanceFacts?)
    }

    private let contents = Mutex(Contents())
    let tags = TagReads()

    /// The facts as they were read last.
    var facts: InstanceFacts? {
        get { contents.withLock { $0.facts } }
        set { contents.withLock { $0.facts = newValue } }
    }

    /// What AWS announced when it was asked last.
    var notices: InstanceNotices? {
        get { contents.withLock { $0.notices } }
        set { contents.withLock { $0.notices = newValue } }
    }

    /// The way to metadata that the last pass took.
    var metadata: MetadataClient? {
        get { contents.withLock { $0.metadata } }
        set { contents.withLock { $0.metadata = newValue } }
    }

    /// The settings in force last, as far as they concern a resident agent.
    var resident: ResidentSettings {
        get { contents.withLock { $0.resident } }
        set { contents.withLock { $0.resident = newValue } }
    }

    /// Whether the last pass went by a version of the fleet's settings that has not worked yet.
    var isTrial: Bool {
        get { contents.withLock { $0.isTrial } }
        set { contents.withLock { $0.isTrial = newValue } }
    }

    /// Keeps settings on disk where they are not what was kept last: a pass with nothing new writes nothing.
    func keep(_ settings: KeptSettings, by write: (KeptSettings) throws -> Void) rethrows {
        if contents.withLock({ $0.kept.settings }) == settings { return }
        try write(settings)
        contents.withLock { $0.kept.settings = settings }
    }

    /// The same for facts.
    func keep(_ facts: InstanceFacts, by write: (InstanceFacts) throws -> Void) rethrows {
        if contents.withLock({ $0.kept.facts }) == facts { return }
        try write(facts)
        contents.withLock { $0.kept.facts = facts }
    }

    /// Whether facts on disk are not those that this process has kept there last.
    func isNews(_ facts: InstanceFacts) -> Bool { contents.withLock { ($0.kept.facts ?? facts) != facts } }

    /// Another process has kept these facts.
    func noteKept(_ facts: InstanceFacts) { contents.withLock { $0.kept.facts = facts } }
}

/// When the instance's tags were read last by the API, so that not every pass asks for them.
final class TagReads: Sendable {
    private struct State {
        var dueAt: ContinuousClock.Instant?
        var empty = 0
    }

    private let state = Mutex(State())

    /// One call in a quarter of an hour leaves the calls of a pass their room.
    private static let interval: Duration = .seconds(900)
    /// Just after a launch, the API may have no tags yet (buildkite/agent#491).
    private static let emptyAnswers = 5

    /// Whether it is time to ask again.
    func isDue(at now: ContinuousClock.Instant) -> Bool { state.withLock { $0.dueAt.map { now >= $0 } ?? true } }

    func wereRead(_ facts: InstanceFacts, at now: ContinuousClock.Instant) {
        state.withLock { state in
            state.empty = facts.tagSource == .api && facts.tags.isEmpty ? state.empty + 1 : 0
            state.dueAt = (1...Self.emptyAnswers).contains(state.empty) ? now : now + Self.interval
        }
    }
}
