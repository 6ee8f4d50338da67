import AWS
package import AgentLog
package import Facts
package import Host
import RelayNode
import Resources
package import Settings
import Synchronization
import SystemPackage
package import Vocabulary

/// Gathers what the node is made of: facts and settings, in the order in which each needs the other.
package final class Inputs: Sendable {
    private let read: @Sendable () throws -> SettingsSources
    private let readable: @Sendable () -> SettingsSources
    private let aws: AWSAccess
    private let files: FileSystem
    private let log: StepLog
    private let known = Mutex<NodeFacts?>(nil)
    private let resident = Mutex<ResidentSettings?>(nil)
    private let knownNotices = Mutex<InstanceNotices?>(nil)
    private let knownMetadata = Mutex<MetadataClient?>(nil)
    /// What the pass under way goes by, so that it reads the settings once.
    private let ofPass = Mutex<SettingsOfPass?>(nil)
    /// What was kept last, so that a pass with nothing new writes nothing.
    private let kept = Mutex<KeptSettings?>(nil)
    private let keptFacts = Mutex<NodeFacts?>(nil)
    private let publicNames: PublicNames

    /// - Parameters:
    ///   - sources: Reads the settings' file anew at each call, so that every pass has them as they are.
    ///   - readable: The same, but without the file where it can't be read.
    package init(
        sources: @escaping @Sendable () throws -> SettingsSources,
        readable: @escaping @Sendable () -> SettingsSources,
        aws: AWSAccess,
        files: FileSystem,
        log: StepLog
    ) {
        self.read = sources
        self.readable = readable
        self.aws = aws
        self.files = files
        self.log = log
        self.publicNames = PublicNames(files: files)
    }

    private enum SettingsOfPass {
        /// As they are now, and in order as far as they can be judged.
        case current(SettingsSources)
        /// As they were when they were right last: now they are wrong.
        case standIn(KeptSettings)
    }

    private func sources() throws -> SettingsSources {
        switch ofPass.withLock({ $0 }) {
        case .current(let sources): sources
        case .standIn(let last): last.known
        case nil: try read()
        }
    }

    private var standIn: KeptSettings? {
        guard case .standIn(let last) = ofPass.withLock({ $0 }) else { return nil }
        return last
    }

    /// Goes by the settings as they are, or, where these are wrong, as they were when they were right last: a mistake stops
    /// neither protection nor repair.
    ///
    /// - Returns: What is wrong; `nil` where nothing is.
    /// - Throws: The same, where no settings were right before.
    func settle() throws -> (any Error)? {
        ofPass.withLock { $0 = nil }
        do {
            let sources = try read()
            let problems = sources.check(tags: known.withLock { $0 }?.tags)
            if problems.isEmpty {
                ofPass.withLock { $0 = .current(sources) }
                return nil
            }
            return try standIn(because: SettingsProblems(problems: problems))
        } catch let problems as SettingsProblems {
            throw problems
        } catch {
            return try standIn(because: error)
        }
    }

    /// Goes by the settings as they were when they were right last.
    ///
    /// - Throws: The error, where nothing can stand in.
    func standIn(because error: any Error) throws -> any Error {
        guard let last = LastGood(files: files).settings.read(), last.known.check(tags: last.tags).isEmpty else {
            throw error
        }
        ofPass.withLock { $0 = .standIn(last) }
        return error
    }

    /// Keeps the settings in force, and the facts, for a time when they are wrong or can't be read.
    func keep(_ facts: NodeFacts, tags: [String: String]) throws {
        guard standIn == nil else { return }
        if keptFacts.withLock({ $0 }) != facts {
            try LastGood(files: files).facts.write(facts)
            keptFacts.withLock { $0 = facts }
        }
        let settings = try sources().kept(tags: tags)
        guard kept.withLock({ $0 }) != settings else { return }
        try LastGood(files: files).settings.write(settings)
        kept.withLock { $0 = settings }
    }

    /// What this host is to be.
    ///
    /// - Throws: `SettingsProblems` where that is a sender, and its settings are wrong; a relay's are judged with its facts.
    package func role() throws -> Role {
        let role = try sources().role()
        if case .sender(let settings) = role { resident.withLock { $0 = ResidentSettings(settings.settings) } }
        return role
    }

    /// What this host is to be, also where other settings are wrong.
    package var roleName: RoleName { readable().roleName() }

    /// For what only a relay can do.
    ///
    /// - Throws: `NotARelay`.
    package func requireRelay(for command: String) throws {
        if roleName != .relay { throw NotARelay(command: command) }
    }

    /// How old facts may be.
    package enum Age: Sendable {
        /// As metadata says now. What can't change while the instance runs is read once.
        case current
        /// As they were read last, where they were: a file that was changed has to be back at once.
        case known
    }

    /// The facts of this instance.
    ///
    /// - Parameter isNamed: Whether the public address's name is asked for, which may take seconds where no name server
    ///   answers.
    ///   - patience: How long metadata is waited for; without it, as long as the settings have it.
    /// - Throws: `SettingsProblems` where the settings do not say how to read metadata, or a `MetadataFailure`.
    package func facts(
        _ age: Age = .current,
        isNamed: Bool = true,
        patience: Duration? = nil
    ) async throws -> NodeFacts {
        let before = known.withLock { $0 }
        if let before, age == .known { return spoken(before) }
        let metadata = try metadata()
        if let patience { await metadata.begin(patience: patience) }
        var facts =
            if let before {
                try await before.refreshed(from: metadata)
            } else {
                try await gather(from: metadata)
            }
        if isNamed { facts.publicName = await publicNames.name(of: facts.publicAddress) { greetingName } }
        known.withLock { [facts] in $0 = facts }
        return spoken(facts)
    }

    /// The facts as they were when they could be read last, also by another process since the boot; `nil` where they never
    /// were.
    func lastFacts() -> NodeFacts? { (known.withLock { $0 } ?? LastGood(files: files).facts.read()).map(spoken) }

    /// What AWS has announced as far as this process knows.
    func lastNotices() -> InstanceNotices { knownNotices.withLock { $0 } ?? InstanceNotices() }

    /// Where IPv6 is switched off on this host, it has none of the addresses that metadata knows of.
    private func spoken(_ facts: NodeFacts) -> NodeFacts {
        guard !InternetProtocol6.isOn(files) else { return facts }
        var facts = facts
        facts.ipv6Addresses = []
        return facts
    }

    /// The name that Postfix greets other servers with, where it is not the host's.
    private var greetingName: DomainName? {
        let bytes = (try? files.bytes(at: "/etc/postfix/main.cf")) ?? []
        return MainCf(String(decoding: bytes, as: UTF8.self))[PostfixConfiguration.greeting].flatMap {
            try? DomainName($0)
        }
    }

    private func gather(from metadata: MetadataClient) async throws -> NodeFacts {
        let describeTags = { (instance: InstanceID, region: Region, domain: DomainName) async throws in
            try await self.aws.ec2(region: region, domain: domain, metadata: metadata).tags(of: instance)
        }
        return try await NodeFacts.gather(
            from: metadata,
            files: files,
            describeTags: describeTags,
            notice: { log.notice("facts", $0) }
        )
    }

    /// Who waits to hear how the launch ended, and what it takes to reach them, also where the settings are wrong
    /// otherwise; `nil` where nobody is known to wait.
    ///
    /// - Throws: A `MetadataFailure` where somebody waits, but can't be reached.
    package func launch() async throws -> (NodeSettings.Launch, NodeFacts, MetadataClient)? {
        let sources = readable()
        // Nobody waits for a sender, and there may be no metadata to tell of anybody.
        guard sources.roleName() == .relay else { return nil }
        let isNamed = sources.launch(tags: [:]) != NodeSettings.Launch()
        var settings = sources.metadataSettingsOrStandard()
        if let facts = known.withLock({ $0 }) {
            return (sources.launch(tags: facts.tags), facts, aws.metadata(settings))
        }
        // Tags may name somebody. Where nothing else does, that is no reason to wait for metadata for long.
        if !isNamed { settings.timeout = min(settings.timeout, .seconds(10)) }
        let metadata = aws.metadata(settings)
        do {
            let facts = try await gather(from: metadata)
            return (sources.launch(tags: facts.tags), facts, metadata)
        } catch {
            if isNamed { throw error }
            return nil
        }
    }

    /// What AWS announces to this instance. Metadata is read as it was for the facts.
    package func notices(_ age: Age = .current) async throws -> InstanceNotices {
        if age == .known, let before = knownNotices.withLock({ $0 }) { return before }
        let metadata = try knownMetadata.withLock { $0 } ?? metadata()
        let notices = try await InstanceNotices.read(from: metadata, onlyUrgent: false)
        knownNotices.withLock { $0 = notices }
        return notices
    }

    /// What AWS announces, of what can't wait for the next pass; `nil` where that is the same as at the last one.
    ///
    /// It is asked every few seconds, so it reads metadata as the last pass did, and no settings.
    func urgentNews() async throws -> InstanceNotices? {
        guard let before = knownNotices.withLock({ $0 }), let metadata = knownMetadata.withLock({ $0 }) else {
            return nil
        }
        let now = try await InstanceNotices.read(from: metadata, onlyUrgent: true)
        let isSame =
            now.targetLifecycleState == before.targetLifecycleState && now.spotInterruption == before.spotInterruption
        return isSame ? nil : now
    }

    /// What AWS announces; `nil` where it is no other reason to leave than when that was asked last. Metadata is read as the
    /// settings have it.
    func newReasonToLeave() async throws -> InstanceNotices? {
        let known = knownNotices.withLock { $0 } ?? InstanceNotices()
        let metadata = try knownMetadata.withLock { $0 } ?? metadata()
        let now = try await InstanceNotices.read(from: metadata, onlyUrgent: true)
        knownNotices.withLock { $0 = now }
        let shutdown = NodeSettings.Shutdown()
        let isSame =
            now.reasonsToLeave(shutdown) == known.reasonsToLeave(shutdown)
            && now.spotInterruption == known.spotInterruption
        return isSame ? nil : now
    }

    /// Whether AWS has announced, since the pass under way began, that the instance ends or is taken out of service.
    func isToldToEnd() async throws -> Bool {
        try await urgentNews().map { !$0.reasonsToLeave(NodeSettings.Shutdown()).isEmpty } ?? false
    }

    /// The settings in force of a relay, the instance's tags among them.
    package func settings(tags: [String: String]) throws -> ResolvedSettings<NodeSettings> {
        // A tag may be what is wrong now.
        let settings = try sources().resolve(tags: standIn?.tags ?? tags)
        resident.withLock { $0 = ResidentSettings(settings.settings) }
        return settings
    }

    /// What of the settings concerns a resident agent, as it was in force last.
    var residentSettings: ResidentSettings { resident.withLock { $0 } ?? ResidentSettings() }

    private func metadata() throws -> MetadataClient {
        let sources = try sources()
        // All problems that are known before the tags are read are reported here; a pass has reported them already.
        if ofPass.withLock({ $0 == nil }) {
            let problems = sources.check(tags: nil)
            guard problems.isEmpty else { throw SettingsProblems(problems: problems) }
        }
        let metadata = aws.metadata(try sources.metadataSettings())
        knownMetadata.withLock { $0 = metadata }
        return metadata
    }
}

/// A command that only means something on a relay.
package struct NotARelay: Error, CustomStringConvertible {
    package let command: String

    package var description: String {
        """
        this host is a sender (role = "sender"), in no load balancer and with no relay of its own: run \
        'smtp-relay-agent \(command)' on a relay
        """
    }
}
