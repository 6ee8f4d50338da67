import Host
import RelayNode
import SMTP
import SystemPackage

/// Tries whether the doors are as the networks have it: Postfix's files and programs first, then each door.
struct PolicyTrial: Sendable {
    let probe: any RelayProbing
    let selfTest: SelfTest
    let files: FileSystem
    let runner: any CommandRunner

    private var postfix: PostfixFiles { PostfixFiles(files: files) }

    /// - Throws: An `SMTPFailure` or a `RelayPolicyFailure`.
    func judge() async throws {
        let main = try postfix.readMainCf()
        try checkFiles(main)
        let programs = try await ServerPrograms.current(main, files: files, runner: runner)
        if let settings = PostfixProcesses.settings(queue: QueueDirectory.current(files), files: files),
            !files.areSame(settings, LoadedConfiguration.folder)
        {
            throw RelayPolicyFailure.otherSettings(folder: settings.string)
        }
        if let door = try FurtherInstances(files: files).doors.first { throw RelayPolicyFailure.unprovable(door) }
        let doors = try await doors(programs)
        if let unprovable = doors.unprovable.first { throw RelayPolicyFailure.unprovable(unprovable) }
        try expectDoors(doors)
        let master = try postfix.readMasterCf()
        let services = DoorServices(master, main)
        // Without these, each conversation would end by its time-out.
        if let name = services.missing(.always) { throw RelayPolicyFailure.missingService(name) }
        do {
            try await tryDoors(doors, main, master)
        } catch let failure where !failure.isOfOpenRelay {
            throw services.missing(.mostly).map { RelayPolicyFailure.missingService($0) } ?? failure
        }
    }

    private func tryDoors(_ doors: Doors, _ main: MainCf, _ master: MasterCf) async throws {
        for door in doors.all {
            let trial = DoorTrial(
                probe: probe,
                selfTest: selfTest,
                door: door,
                main: main,
                master: master,
                beforeMessage: QueueManager(runner: runner).wake
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
        try await acceptsMessages(doors, main)
    }

    /// Finds what refuses a message after DATA, where the trials end.
    private func acceptsMessages(_ doors: Doors, _ main: MainCf) async throws {
        let trial = MessageTrial(main: main, master: try postfix.readMasterCf(), runner: runner)
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
            Doors(
                file,
                at: selfTest.address,
                isProxied: selfTest.isProxied,
                checksSenders: selfTest.checksSenders ?? false,
                isPostfixs: programs.isPostfixs
            )
        }
        let file = try postfix.readMasterCf()
        let read = doors(file)
        // postconf(1) before 2.9 knows no -M; what it can't read, the master does not read either.
        guard let output = try? await runner.run(Self.services), output.status == 0 else { return read }
        // It does not print every argument as it stands in the file, so it is asked for services alone.
        return read.merging(doors(MasterCf(output.standardOutput).without(servicesOf: file)))
    }

    /// Postfix's programs wait for a main.cf that was written within the last second, so one that is written all the time keeps
    /// this from its end.
    private static let services = Command("postconf", ["-M"], timeout: .seconds(5))
}

extension Error {
    /// Whether it says more than why senders are not served.
    fileprivate var isOfOpenRelay: Bool { self is CancellationError || (self as? RelayPolicyFailure)?.isOpen == true }
}
