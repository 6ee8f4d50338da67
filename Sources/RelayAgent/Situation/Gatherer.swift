import AWS
package import AgentLog
import Facts
package import Host
import RelayNode
import Resources
package import Settings
package import SystemPackage
package import Vocabulary

/// Gathers what a pass goes by: settings, facts, and what AWS announces.
package struct Gatherer: Sendable {
    /// All sources but the fleet's settings.
    private let hostSources: @Sendable () -> SettingsSources
    private let fleetMemory = SettingsFileMemory()
    private let aws: AWSAccess
    private let files: FileSystem
    private let log: StepLog
    private let publicNames: PublicNames
    let memory = AgentMemory()

    /// A resident agent that has facts to go by, and a node that leaves with them, does not wait for long for others.
    static let patience: Duration = .seconds(5)

    /// - Parameter sources: Reads the settings' file anew at each call, so that every pass has them as they are.
    package init(sources: @escaping @Sendable () -> SettingsSources, aws: AWSAccess, files: FileSystem, log: StepLog) {
        self.hostSources = sources
        self.aws = aws
        self.files = files
        self.log = log
        self.publicNames = PublicNames(files: files)
    }

    // Settings

    /// All sources of settings. The fleet's are the version that this node goes by.
    private func sources() -> SettingsSources {
        let sources = hostSources()
        guard let place = sources.fleetPlace else { return sources }
        let document = FleetStore(files: files).versions(of: place).inForce
        let parsed = document.map { fleetMemory.file(path: $0.place, bytes: Array($0.text.utf8)) }
        return sources.with(fleet: document, parsed: parsed)
    }

    /// The settings as they are now, also where they are wrong.
    func current() -> SettingsInForce { SettingsInForce(sources(), knownTags: memory.facts?.tags) }

    /// The settings for a pass: as they are now, or, where these are wrong, as they were when they were right last. A mistake
    /// stops neither protection nor repair.
    ///
    /// - Returns: The settings, and what is wrong; `nil` where nothing is.
    /// - Throws: What is wrong, where the role is another's than a relay's, or no settings were right before.
    func settle() throws -> (SettingsInForce, slip: (any Error)?) {
        let now = current()
        if now.early.problemsOfHost.isEmpty { return (now, nil) }
        let problems = SettingsProblems(problems: now.early.problemsOfHost)
        return (try standIn(because: problems), problems)
    }

    /// The settings as they were when they were right last.
    ///
    /// - Throws: The error, where nothing can stand in.
    func standIn(because error: any Error) throws -> SettingsInForce {
        guard let last = LastGood(files: files).settings.read().map({ SettingsInForce($0) }),
            last.early.problemsOfHost.isEmpty
        else { throw error }
        return last
    }

    /// The settings as they were when they were right last, as they are kept on disk.
    func lastGood() -> KeptSettings? { LastGood(files: files).settings.read() }

    /// The settings with the fleet's, for a command: where this node has no version yet, the newest is read, and not kept.
    ///
    /// - Parameter place: The place to read anew in any case.
    func withFleet(
        _ settings: SettingsInForce,
        _ facts: InstanceFacts,
        from place: FleetPlace? = nil
    ) async throws -> SettingsInForce {
        guard let place = place ?? (settings.lacksFleet ? settings.early.fleet?.place : nil) else { return settings }
        let account = aws.account(of: facts, settings.early.metadata)
        do {
            return settings.with(fleet: try await account.fleet.document(at: place))
        } catch {
            throw FleetUnread(place: place, version: nil, cause: error)
        }
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

    /// The file with the smarthost's password; `nil` where the settings name none, or are not whole.
    package var passwordFile: FilePath? {
        guard case .relay(let resolved) = try? current().early.inForce(),
            case .file(let path) = resolved.settings.mail.upstream?.login?.password
        else { return nil }
        return FilePath("\(path)")
    }

    /// For what only a relay can do.
    ///
    /// - Throws: `NotARelay`.
    package func requireRelay(for command: String) throws {
        if role != .relay { throw NotARelay(command: command) }
    }

    /// The settings in force, for a command. A relay's go by its tags, so its facts are read.
    ///
    /// - Parameter readsTags: Whether the instance's tags count.
    /// - Returns: The settings, and the tags that are wrong and left out of them.
    /// - Throws: `SettingsProblems` or a `MetadataFailure`.
    package func settings(readsTags: Bool = true) async throws -> (SettingsReading.OfRole, [SettingsProblem]) {
        let settings = current()
        guard settings.early.role == .relay else { return (try settings.early.inForce(), []) }
        guard readsTags else { return (try settings.reading(tags: [:]).inForce(), []) }
        let facts = try await facts(settings)
        let reading = try await withFleet(settings, facts).reading(tags: facts.tags)
        return (try reading.inForce(), reading.tagProblems)
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
        let complete = try await withFleet(settings, facts)
        guard case .relay(let resolved) = try complete.reading(tags: facts.tags).inForce() else {
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
        let problems = settings.early.problemsOfHost
        guard problems.isEmpty else { throw SettingsProblems(problems: problems) }
        return try await facts(.everything, from: metadata(settings).reader(), isNamed: isNamed)
    }

    /// The way to metadata that the settings name.
    func metadata(_ settings: SettingsInForce) -> MetadataClient {
        let metadata = aws.metadata(settings.early.metadata)
        memory.metadata = metadata
        return metadata
    }

    /// Has credentials at hand before the first pass needs them: the system may go down, and metadata be silent, before that.
    func fetchCredentials() async {
        let settings = current()
        guard settings.early.role == .relay else { return }
        // A pass that needs them reports the failure.
        _ = try? await aws.credentials(metadata(settings)).credentials()
    }

    /// The facts for a pass of a scope.
    ///
    /// - Throws: A `MetadataFailure`.
    func facts(_ scope: PassScope, from metadata: MetadataReader, isNamed: Bool = true) async throws -> InstanceFacts {
        if scope == .host { adoptNewerFacts() }
        let before = memory.facts
        if let before, scope == .host { return spoken(before) }
        var facts =
            if let before {
                try await refreshed(before, from: metadata)
            } else {
                try await gather(from: metadata)
            }
        if isNamed { facts.publicName = await publicNames.name(of: facts.publicAddress) { greetingName } }
        memory.facts = facts
        return spoken(facts)
    }

    /// Another process's pass may have read newer facts, and changed the host by them. A pass over the host alone must not
    /// change it back.
    private func adoptNewerFacts() {
        guard let known = memory.facts, let kept = LastGood(files: files).facts.read(),
            kept.instanceID == known.instanceID, memory.isNews(kept)
        else { return }
        memory.facts = kept
        memory.noteKept(kept)
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

    private func refreshed(_ before: InstanceFacts, from metadata: MetadataReader) async throws -> InstanceFacts {
        guard memory.tags.isDue(at: .now) else { return try await before.refreshed(from: metadata, describeTags: nil) }
        let facts = try await before.refreshed(from: metadata) {
            let account = aws.account(before.region, before.servicesDomain, metadata.client)
            return try await account.ec2.tags(of: before.instanceID)
        }
        memory.tags.wereRead(facts, at: .now)
        return facts
    }

    private func gather(from metadata: MetadataReader) async throws -> InstanceFacts {
        let facts = try await InstanceFacts.gather(
            from: metadata,
            files: files,
            describeTags: { instance, region, domain in
                try await aws.account(region, domain, metadata.client).ec2.tags(of: instance)
            },
            notice: { log.notice("facts", $0) }
        )
        memory.tags.wereRead(facts, at: .now)
        return facts
    }

    /// The account of an instance, by the way to metadata that the last pass took; `nil` before the first one.
    func account(of facts: InstanceFacts) -> AWSAccount? {
        memory.metadata.map { aws.account(facts.region, facts.servicesDomain, $0) }
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
