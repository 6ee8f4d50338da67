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
        var kept: (settings: KeptSettings?, facts: InstanceFacts?)
    }

    private let contents = Mutex(Contents())

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
}
