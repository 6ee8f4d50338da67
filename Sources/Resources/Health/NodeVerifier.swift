import FoundationEssentials
package import Host
package import RelayNode
package import SMTP
import SystemPackage
import Vocabulary

/// Proves that the node does its job and no more: its doors take mail of the allowed networks and of nobody else, and
/// there is room for what they take.
///
/// The doors change only when Postfix loads its files, or with the networks, and each proof writes some lines to the mail
/// log. So the proof is kept with its subject, and is made again only when the subject has changed.
package struct NodeVerifier: Sendable {
    private let probe: any RelayProbing
    package let selfTest: SelfTest
    private let files: FileSystem
    private let runner: any CommandRunner
    let observer: ProbeObserver

    /// In /run: after a boot, Postfix has read its files anew.
    private static let proof: FilePath = "/run/smtp-relay-agent/proof"
    private static let mainCf: FilePath = "/etc/postfix/main.cf"
    private static let masterCf: FilePath = "/etc/postfix/master.cf"

    package init(
        probe: any RelayProbing,
        selfTest: SelfTest,
        files: FileSystem,
        runner: any CommandRunner,
        observer: ProbeObserver = .none
    ) {
        self.probe = probe
        self.selfTest = selfTest
        self.files = files
        self.runner = runner
        self.observer = observer
    }

    // The proof

    /// Whether the doors were proven as they are now. Then the proof that holds is reported, with its time.
    package func isProven() throws -> Bool {
        guard let subject = try subject(), try files.file(at: Self.proof)?.bytes == Array(subject.utf8) else {
            return false
        }
        observer.report(ProbeReport(.relayPolicy, attempts, at: files.modificationTime(of: Self.proof)))
        return true
    }

    /// Proves the doors, and keeps the proof.
    ///
    /// - Throws: An `SMTPFailure` or a `RelayPolicyFailure`.
    package func prove() async throws {
        try await observer.observing(.relayPolicy, attempts) {
            do {
                for _ in 0..<Self.tries {
                    let before = try await settledSubject()
                    try await checkPolicy()
                    // A proof of what Postfix has loaded since would be one of nothing.
                    if let before, try subject() == before { return try keep(before) }
                }
                throw RelayPolicyFailure.keepsLoading
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                try files.remove(Self.proof)
                throw error
            }
        }
    }

    private static let tries = 3

    /// Postfix slows senders down by tokens (postconf(5), in_flow_delay). A message takes one, and the queue manager gives them
    /// back when it wakes. Without one, each message of a proof would wait for a second.
    private func wakeQueueManager() async {
        _ = try? await runner.run(Command("postkick", ["public", "qmgr", "I"]))
    }

    private func keep(_ subject: String) throws {
        try files.createDirectory(Self.proof.removingLastComponent())
        try files.replace(Self.proof, with: Array(subject.utf8), attributes: FileAttributes())
    }

    /// Whether the doors are as the networks have it, without keeping a proof.
    ///
    /// - Throws: An `SMTPFailure` or a `RelayPolicyFailure`.
    package func checkPolicy() async throws {
        let main = try mainCf()
        try checkFiles(main)
        let programs = try await ServerPrograms.current(main, files: files, runner: runner)
        if let settings = PostfixProcesses.settings(queue: queue, files: files),
            !files.areSame(settings, LoadedConfiguration.folder)
        {
            throw RelayPolicyFailure.otherSettings(folder: settings.string)
        }
        if let door = try FurtherInstances(files: files).doors.first { throw RelayPolicyFailure.unprovable(door) }
        let doors = try await doors(programs)
        if let unprovable = doors.unprovable.first { throw RelayPolicyFailure.unprovable(unprovable) }
        try expectDoors(doors)
        let services = DoorServices(try masterCf(), main)
        // Without these, each conversation would end by its time-out.
        if let name = services.missing(.always) { throw RelayPolicyFailure.missingService(name) }
        do {
            try await tryDoors(doors, main)
        } catch let failure where !failure.isOfOpenRelay {
            throw services.missing(.mostly).map { RelayPolicyFailure.missingService($0) } ?? failure
        }
    }

    private func tryDoors(_ doors: Doors, _ main: MainCf) async throws {
        for door in doors.all {
            let trial = DoorTrial(
                probe: probe,
                selfTest: selfTest,
                door: door,
                tarpit: tarpit(in: main),
                flowDelay: flowDelay(in: main),
                hostname: main["myhostname"],
                beforeMessage: wakeQueueManager
            )
            let isOurs = selfTest.ports.contains(door.port)
            do {
                try await trial.refusesStrangers()
            } catch let failure as SMTPFailure where !isOurs {
                // Where nobody can hold a conversation, nobody gets anything in.
                if case .refused("XCLIENT", _) = failure.reason { throw failure }
            }
            if isOurs { try await trial.servesSenders() }
        }
        try await acceptsMessages(doors)
    }

    /// Finds what refuses a message after DATA, where the trials end.
    private func acceptsMessages(_ doors: Doors) async throws {
        let trial = MessageTrial(main: readableMainCf, master: try masterCf(), runner: runner)
        for door in doors.all where selfTest.ports.contains(door.port) { try await trial.judge(door) }
    }

    /// Finds a further network that was let in. The probes try some addresses only.
    private func checkFiles(_ main: MainCf) throws {
        for (name, wanted) in selfTest.policy.sorted(by: { $0.key < $1.key }) where main[name] != wanted {
            // A parameter that is empty by default may be missing.
            if wanted.isEmpty, main[name] == nil { continue }
            throw RelayPolicyFailure.altered(parameter: name, value: main[name], wanted: wanted)
        }
        guard let table = selfTest.networkTable else { return }
        let path = FilePath(PostfixTable.Name.networks.path)
        guard try files.bytes(at: path) == Array(table.utf8) else {
            throw RelayPolicyFailure.alteredTable(path: path.string)
        }
    }

    private func expectDoors(_ doors: Doors) throws {
        // The pass reports a further port that could not be opened; only the senders' first port counts here.
        guard doors.all.contains(where: { $0.port == 25 && $0.address == selfTest.address }) else {
            throw RelayPolicyFailure.noDoor(port: 25, selfTest.address)
        }
    }

    /// The doors that are read in master.cf here, and any further service that Postfix's own tool reads there.
    private func doors(_ programs: ServerPrograms) async throws -> Doors {
        func doors(_ file: MasterCf) -> Doors {
            Doors(file, at: selfTest.address, isProxied: selfTest.isProxied, isPostfixs: programs.isPostfixs)
        }
        let file = try masterCf()
        let read = doors(file)
        // postconf(1) before 2.9 knows no -M; what it can't read, the master does not read either.
        guard let output = try? await runner.run(Command("postconf", ["-M"])), output.status == 0 else { return read }
        // It does not print every argument as it stands in the file, so it is asked for services alone.
        return read.merging(doors(MasterCf(output.standardOutput).without(servicesOf: file)))
    }

    /// The time for which Postfix delays clients that it has refused several times; a second by default.
    private func tarpit(in main: MainCf) -> Duration { wait("smtpd_error_sleep_time", in: main) }

    /// The time for which it delays a sender that is quicker than its queue manager; a second by default.
    private func flowDelay(in main: MainCf) -> Duration { wait("in_flow_delay", in: main) }

    private func wait(_ parameter: String, in main: MainCf) -> Duration {
        .seconds(min(main[parameter].flatMap(PostfixTime.seconds(inMainCf:)) ?? 1, Self.longestTarpit))
    }

    private var readableMainCf: MainCf {
        MainCf((try? files.bytes(at: Self.mainCf)).map { FileText($0).string } ?? "")
    }

    private static let longestTarpit = 60

    private func masterCf() throws -> MasterCf {
        MasterCf(FileText(try files.bytes(at: Self.masterCf)).string)
    }

    private func mainCf() throws -> MainCf { MainCf(FileText(try files.bytes(at: Self.mainCf)).string) }

    private func ownDoors() throws -> Doors {
        Doors(try masterCf(), at: selfTest.address, isProxied: selfTest.isProxied)
    }

    /// The attempts of the proof, in words.
    private var attempts: String {
        "RCPT TO as \(selfTest.insiders.count) hosts inside and \(selfTest.outsiders.count) outside of the networks"
    }

    /// All that the proof depends on; `nil` where no Postfix runs, or it is just about to load its files.
    private func subject() throws -> String? {
        guard let processes = PostfixProcesses.current(queue: queue, files: files), let load = processes.load else {
            return nil
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let test = String(decoding: try encoder.encode(selfTest), as: UTF8.self)
        let fingerprint = try LoadedConfiguration(files: files).fingerprint()
        let others = try FurtherInstances(files: files).summary
        let process = "master \(processes.master), queue manager \(load)"
        return "\(process)\n\(fingerprint)\n\(tablesElsewhere)\(test)\n\(others)\n"
    }

    /// The tables outside of Postfix's folder: Postfix goes by a new version of one without a reload.
    private var tablesElsewhere: String {
        let texts = [Self.mainCf, Self.masterCf].compactMap { try? files.bytes(at: $0) }.map { FileText($0).string }
        let paths = Set(texts.flatMap { TableReference.paths(in: $0, outside: LoadedConfiguration.folder.string) })
        return files.fingerprint(ofTables: paths.sorted().map { FilePath($0) })
    }

    /// The same, once a load that is under way is done.
    private func settledSubject() async throws -> String? {
        for look in 0..<20 {
            if let subject = try subject() { return subject }
            // Where the old queue manager took the master's word to the new one, there is none until mail comes.
            if look == 3 { await wakeQueueManager() }
            try await Waiting.sleep(for: .milliseconds(100))
        }
        return try subject()
    }

    // The looks

    /// Whether the doors take mail now.
    ///
    /// - Parameter wakesQueueManager: Whether to spend a process on not being slowed down, as after a proof.
    /// - Throws: An `SMTPFailure`, a `RelayPolicyFailure`, one of `PostfixFitness`, `DeafDoor`, or
    ///   `BusyDoor` for a door that may only be slow.
    package func checkService(wakesQueueManager: Bool = true) async throws {
        try fitness.check(observer)
        let doors = try ownDoors().all.filter { selfTest.ports.contains($0.port) }
        let ports = doors.map { "\($0.port)" }.joined(separator: " and ")
        try await observer.observing(.smtp, "a sender and a stranger at port \(ports)") {
            let main = readableMainCf
            if wakesQueueManager { await wakeQueueManager() }
            for door in doors { try await look(at: door, main) }
        }
    }

    private func look(at door: Door, _ main: MainCf) async throws {
        do {
            try await Patience.severalTimes(unless: { ($0 as? SMTPFailure)?.isHung(at: door) == true }) {
                try await trial(of: door, main).look()
            }
        } catch let failure as SMTPFailure {
            if let deaf = try await deafness(at: door, after: failure, main) { throw deaf }
            guard failure.isSlow, PostfixProcesses.current(queue: queue, files: files)?.isServing == true else {
                throw failure
            }
            throw BusyDoor(failure: failure)
        }
    }

    private func trial(of door: Door, _ main: MainCf) -> DoorTrial {
        DoorTrial(
            probe: probe,
            selfTest: selfTest,
            door: door,
            tarpit: tarpit(in: main),
            flowDelay: flowDelay(in: main),
            hostname: main["myhostname"]
        )
    }

    /// Whether a door that greeted and then hung does so for senders.
    private func deafness(at door: Door, after failure: SMTPFailure, _ main: MainCf) async throws -> DeafDoor? {
        try await Deafness(trial: trial(of: door, main), queue: queue, files: files).confirmed(after: failure)
    }

    /// The conditions of Postfix and its disk that a proof and a look need.
    var fitness: PostfixFitness {
        PostfixFitness(
            queue: queue,
            leastFreeSpace: selfTest.leastFreeSpace,
            services: Deafness.neededServices(in: try? masterCf()),
            files: files
        )
    }

    private var queue: FilePath { QueueDirectory.current(files) }
}

extension SMTPFailure {
    /// Whether the server took the connection and said nothing in time, as one that has too much to do.
    fileprivate var isSlow: Bool {
        switch reason {
        case .silent, .timedOut: true
        default: false
        }
    }
}

extension Error {
    /// Whether it says more than why senders are not served.
    fileprivate var isOfOpenRelay: Bool { self is CancellationError || (self as? RelayPolicyFailure)?.isOpen == true }
}

extension PostfixProcesses {
    fileprivate var isServing: Bool { speaking > 0 && !isMasterStopped }
}
