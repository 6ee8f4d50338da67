import AWS
package import AgentLog
import Facts
package import Host
import RelayNode
import Resources
package import Settings
import SystemPackage
package import Vocabulary

/// Gathers what a pass goes by: settings, facts, and what AWS announces.
package struct Gatherer: Sendable {
    private let sources: @Sendable () -> SettingsSources
    private let aws: AWSAccess
    private let files: FileSystem
    private let log: StepLog
    private let publicNames: PublicNames
    let memory = AgentMemory()

    /// A resident agent that has facts to go by, and a node that leaves with them, does not wait for long for others.
    static let patience: Duration = .seconds(5)

    /// - Parameter sources: Reads the settings' file anew at each call, so that every pass has them as they are.
    package init(sources: @escaping @Sendable () -> SettingsSources, aws: AWSAccess, files: FileSystem, log: StepLog) {
        self.sources = sources
        self.aws = aws
        self.files = files
        self.log = log
        self.publicNames = PublicNames(files: files)
    }

    // Settings

    /// The settings as they are now, also where they are wrong.
    func current() -> SettingsInForce { SettingsInForce(sources(), knownTags: memory.facts?.tags) }

    /// The settings for a pass: as they are now, or, where these are wrong, as they were when they were right last. A mistake
    /// stops neither protection nor repair.
    ///
    /// - Returns: The settings, and what is wrong; `nil` where nothing is.
    /// - Throws: What is wrong, where the role is another's than a relay's, or no settings were right before.
    func settle() throws -> (SettingsInForce, slip: (any Error)?) {
        let now = current()
        if now.early.problems.isEmpty { return (now, nil) }
        let problems = SettingsProblems(problems: now.early.problems)
        return (try standIn(because: problems), problems)
    }

    /// The settings as they were when they were right last.
    ///
    /// - Throws: The error, where nothing can stand in.
    func standIn(because error: any Error) throws -> SettingsInForce {
        guard let last = LastGood(files: files).settings.read().map({ SettingsInForce($0) }),
            last.early.problems.isEmpty
        else { throw error }
        return last
    }

    /// Keeps the settings in force, and the facts, for a time when they are wrong or can't be read.
    func keep(_ settings: SettingsInForce, _ facts: InstanceFacts) throws {
        guard let kept = settings.kept(tags: facts.tags) else { return }
        let lastGood = LastGood(files: files)
        try memory.keep(facts) { try lastGood.facts.write($0) }
        try memory.keep(kept) { try lastGood.settings.write($0) }
    }

    /// The role of this host, also where other settings are wrong.
    package var role: RoleName { sources().read(tags: nil).role }

    /// The time limit of `bootstrap`, also where other settings are wrong.
    package var bootstrapTimeout: Duration { sources().read(tags: nil).bootstrapTimeout }

    /// All that is wrong with the settings, as far as it is known without the tags.
    package var problems: [SettingsProblem] { sources().read(tags: nil).problems }

    /// For what only a relay can do.
    ///
    /// - Throws: `NotARelay`.
    package func requireRelay(for command: String) throws {
        if role != .relay { throw NotARelay(command: command) }
    }

    /// The settings in force, for a command. A relay's go by its tags, so its facts are read.
    ///
    /// - Parameter readsTags: Whether the instance's tags count.
    /// - Throws: `SettingsProblems` or a `MetadataFailure`.
    package func settings(readsTags: Bool = true) async throws -> SettingsReading.OfRole {
        let settings = current()
        guard settings.early.role == .relay else { return try settings.early.inForce() }
        return try settings.reading(tags: readsTags ? await facts(settings).tags : [:]).inForce()
    }

    /// The situation of a relay, for a command that only looks at it.
    ///
    /// - Parameters:
    ///   - command: What looks.
    ///   - isNamed: Whether the public address's name is asked for.
    /// - Throws: `NotARelay`, `SettingsProblems` or a `MetadataFailure`.
    func situation(for command: String, isNamed: Bool = true) async throws -> Situation {
        let settings = current()
        let facts = try await facts(settings, isNamed: isNamed)
        guard case .relay(let resolved) = try settings.reading(tags: facts.tags).inForce() else {
            throw NotARelay(command: command)
        }
        let account = aws.account(of: facts, resolved.settings.metadata)
        return Situation(resolved.settings, facts, account, waits: true)
    }

    // Facts

    /// The facts of this instance, for a command.
    ///
    /// - Throws: `SettingsProblems` where the settings do not say how to read metadata, or a `MetadataFailure`.
    package func facts() async throws -> InstanceFacts { try await facts(current()) }

    /// - Parameter isNamed: Whether the public address's name is asked for, which may take seconds where no name server
    ///   answers.
    func facts(_ settings: SettingsInForce, isNamed: Bool = true) async throws -> InstanceFacts {
        // All problems that are known before the tags are read are told before anything is waited for.
        let problems = settings.early.problems
        guard problems.isEmpty else { throw SettingsProblems(problems: problems) }
        return try await facts(.everything, from: metadata(settings).reader(), isNamed: isNamed)
    }

    /// The way to metadata that the settings name.
    func metadata(_ settings: SettingsInForce) -> MetadataClient {
        let metadata = aws.metadata(settings.early.metadata)
        memory.metadata = metadata
        return metadata
    }

    /// The facts for a pass of a scope.
    ///
    /// - Throws: A `MetadataFailure`.
    func facts(_ scope: PassScope, from metadata: MetadataReader, isNamed: Bool = true) async throws -> InstanceFacts {
        let before = memory.facts
        if let before, scope == .host { return spoken(before) }
        var facts =
            if let before {
                try await before.refreshed(from: metadata)
            } else {
                try await gather(from: metadata)
            }
        if isNamed { facts.publicName = await publicNames.name(of: facts.publicAddress) { greetingName } }
        memory.facts = facts
        return spoken(facts)
    }

    /// The facts as they were when they could be read last, also by another process since the boot; `nil` where they never
    /// were.
    func lastFacts() -> InstanceFacts? { (memory.facts ?? LastGood(files: files).facts.read()).map(spoken) }

    /// Where IPv6 is switched off on this host, it has none of the addresses that metadata knows of.
    private func spoken(_ facts: InstanceFacts) -> InstanceFacts {
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

    private func gather(from metadata: MetadataReader) async throws -> InstanceFacts {
        try await InstanceFacts.gather(
            from: metadata,
            files: files,
            describeTags: { instance, region, domain in
                try await aws.account(region, domain, metadata.client).ec2.tags(of: instance)
            },
            notice: { log.notice("facts", $0) }
        )
    }

    // Launch

    /// The recipients of the launch's result, and the way to reach them, also where other settings are wrong; `nil` where
    /// nobody is known to wait.
    ///
    /// - Throws: A `MetadataFailure` where somebody waits, but can't be reached.
    func launch() async throws -> (NodeSettings.Launch, InstanceID, AWSAccount)? {
        let settings = current()
        // Nobody waits for a sender, and there may be no metadata to tell of anybody.
        guard settings.early.role == .relay else { return nil }
        let metadata = aws.metadata(settings.early.metadata)
        func result(_ facts: InstanceFacts) -> (NodeSettings.Launch, InstanceID, AWSAccount) {
            let account = aws.account(facts.region, facts.servicesDomain, metadata)
            return (settings.reading(tags: facts.tags).launch, facts.instanceID, account)
        }
        if let facts = memory.facts { return result(facts) }
        // Tags may name somebody. Where nothing else does, that is no reason to wait for metadata for long.
        let isNamed = settings.early.launch != NodeSettings.Launch()
        do {
            return result(try await gather(from: metadata.reader(within: isNamed ? nil : .seconds(10))))
        } catch {
            if isNamed { throw error }
            return nil
        }
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
