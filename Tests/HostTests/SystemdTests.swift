import Glibc
import Host
import RelayTestSupport
import SystemPackage
import Testing

struct SystemdTests {
    private let postfix = ServiceName("postfix")
    private let timer = ServiceName("a.timer")

    @Test func allStatesAreOneQuestion() async throws {
        let question =
            "/usr/bin/systemctl show --property=Id,LoadState,ActiveState,UnitFileState,MainPID postfix.service a.timer"
        let answer = """
            Id=postfix.service
            LoadState=loaded
            ActiveState=active
            UnitFileState=enabled
            MainPID=4711

            Id=a.timer
            LoadState=not-found
            ActiveState=inactive
            UnitFileState=
            MainPID=0

            """
        let runner = ScriptedRunner([question: CommandOutput(status: 0, standardOutput: answer)])
        let states = try await Systemd(runner: runner).states(of: [postfix, timer])
        #expect(states[postfix] == ServiceState(isInstalled: true, isEnabled: true, isActive: true, mainProcess: 4711))
        #expect(states[timer] == .unknown)
        #expect(runner.lines.count == 1)
    }

    @Test func whatIsDisabledIsStoppedFirst() async throws {
        let orders = ["/usr/bin/systemctl stop postfix.service", "/usr/bin/systemctl disable postfix.service"]
        let runner = ScriptedRunner(Dictionary(uniqueKeysWithValues: orders.map { ($0, CommandOutput(status: 0)) }))
        try await Systemd(runner: runner).disable(postfix)
        #expect(runner.lines == orders)
    }

    @Test func aFailureBringsTheServicesLastWords() async throws {
        let runner = ScriptedRunner([
            "/usr/bin/systemctl start --job-mode=fail postfix.service":
                CommandOutput(status: 1, standardError: "Job failed."),
            "/usr/bin/systemctl status --no-pager --full --lines=12 postfix.service":
                CommandOutput(status: 3, standardOutput: "fatal: bad boolean"),
        ])
        do throws(ServiceFailure) {
            try await Systemd(runner: runner).start(postfix)
            Issue.record("a failed start must be an error")
        } catch {
            #expect(error.description.contains("cannot start postfix"))
            #expect(error.description.contains("fatal: bad boolean"))
        }
    }
}

struct SystemdStopTests {
    private let postfix = ServiceName("postfix")
    private let refusal = CommandOutput(
        status: 4,
        standardError: """
            Failed to start postfix.service: Transaction for postfix.service/start is destructive (postfix.service has 'stop' job \
            queued, but 'start' is included in transaction).
            """
    )

    @Test func aStartWaitsForTheStopOfAnotherProgram() async throws {
        let runner = ScriptedRunner([
            "/usr/bin/systemctl is-system-running": CommandOutput(status: 0, standardOutput: "running\n")
        ])
        let order = "/usr/bin/systemctl start --job-mode=fail postfix.service"
        for answer in [refusal, refusal, CommandOutput(status: 0)] { runner.expect(order, answer) }
        // A loaded host may need long for the sleeps in between.
        try await Systemd(runner: runner, patienceWithStops: .seconds(600)).start(postfix)
        #expect(runner.lines.filter { $0 == order }.count == 3)
    }

    @Test(arguments: ["reload-or-restart", "restart", "start"])
    func anOrderThatAnothersStopBrokeOffIsGivenAgain(verb: String) async throws {
        let runner = ScriptedRunner([
            "/usr/bin/systemctl is-system-running": CommandOutput(status: 0, standardOutput: "running\n")
        ])
        let canceled = CommandOutput(status: 1, standardError: "Job for postfix.service canceled.\n")
        for answer in [canceled, refusal, CommandOutput(status: 0)] {
            runner.expect("/usr/bin/systemctl \(verb) --job-mode=fail postfix.service", answer)
        }
        let systemd = Systemd(runner: runner, patienceWithStops: .seconds(600))
        switch verb {
        case "reload-or-restart": try await systemd.reload(postfix)
        case "restart": try await systemd.restart(postfix)
        default: try await systemd.start(postfix)
        }
        #expect(runner.lines.filter { $0.contains("postfix") }.count == 3)
    }

    @Test func aStartThatNobodyWaitsForDoesNotBreakOffAStopEither() async throws {
        let runner = ScriptedRunner([
            "/usr/bin/systemctl is-system-running": CommandOutput(status: 0, standardOutput: "running\n")
        ])
        let order = "/usr/bin/systemctl start --job-mode=fail --no-block postfix.service"
        for answer in [refusal, CommandOutput(status: 0)] { runner.expect(order, answer) }
        try await Systemd(runner: runner, patienceWithStops: .seconds(600)).startLater(postfix)
        #expect(runner.lines.last == order)
    }

    @Test func aStopThatHangsDoesNotKeepAServiceDown() async throws {
        let runner = ScriptedRunner([
            "/usr/bin/systemctl is-system-running": CommandOutput(status: 1, standardOutput: "degraded\n"),
            "/usr/bin/systemctl restart --job-mode=fail postfix.service": refusal,
            "/usr/bin/systemctl restart postfix.service": CommandOutput(status: 0),
        ])
        try await Systemd(runner: runner, patienceWithStops: .milliseconds(300)).restart(postfix)
        #expect(runner.lines.last == "/usr/bin/systemctl restart postfix.service")
    }

    @Test func nothingWaitsWhileTheSystemGoesDown() async throws {
        let runner = ScriptedRunner([
            "/usr/bin/systemctl is-system-running": CommandOutput(status: 1, standardOutput: "stopping\n"),
            "/usr/bin/systemctl reload-or-restart --job-mode=fail postfix.service": refusal,
        ])
        await #expect(throws: ServiceFailure.self) { try await Systemd(runner: runner).reload(postfix) }
        #expect(runner.lines.count == 2)
    }
}

struct HostLockTests {
    @Test func onlyOneHoldsItAndTheOtherIsTold() async throws {
        try await withTemporaryRoot { files in
            let first = try await HostLock.acquire("/run/lock", wait: .seconds(1), in: files) { _ in }
            var told: [String] = []
            await #expect(throws: HostLockFailure.self) {
                _ = try await HostLock.acquire("/run/lock", wait: .milliseconds(150), in: files) { told.append($0) }
            }
            #expect(told.count == 1)
            #expect(told.first?.hasPrefix("process ") == true)
            extendLifetime(first)
        }
    }

    @Test func itIsFreeWhenItsHolderIsGone() async throws {
        try await withTemporaryRoot { files in
            do { _ = try await HostLock.acquire("/run/lock", wait: .seconds(1), in: files) { _ in } }
            _ = try await HostLock.acquire("/run/lock", wait: .zero, in: files) { _ in
                Issue.record("nobody holds the lock")
            }
        }
    }

    @Test func onlyItsOwnerCanOpenIt() async throws {
        try await withTemporaryRoot { files in
            try files.createDirectory("/run")
            try files.replace("/run/lock", with: [], attributes: FileAttributes(owner: geteuid(), group: getegid()))
            let lock = try await HostLock.acquire("/run/lock", wait: .zero, in: files) { _ in }
            #expect(try files.attributes(at: "/run/lock").permissions == .ownerReadWrite)
            extendLifetime(lock)
        }
    }

    @Test(arguments: ["link", "dangling link", "fifo", "another user's"])
    func whatStandsInItsPlaceIsReplaced(kind: String) async throws {
        try await withTemporaryRoot { files in
            try files.createDirectory("/run")
            try files.replace("/run/target", with: Array("kept".utf8), attributes: FileAttributes())
            let location = files.location(of: "/run/lock").string
            switch kind {
            case "link": #expect(symlink("target", location) == 0)
            case "dangling link": #expect(symlink("nowhere", location) == 0)
            case "fifo": #expect(mkfifo(location, 0o666) == 0)
            default:
                try files.put([], at: "/run/lock")
                #expect(chown(location, 65534, 65534) == 0)
            }
            let lock = try await HostLock.acquire("/run/lock", wait: .zero, in: files) { _ in }
            let snapshot = try files.file(at: "/run/lock")
            #expect(snapshot?.isRegular == true)
            #expect(snapshot?.attributes.permissions == .ownerReadWrite)
            #expect(snapshot?.attributes.owner == geteuid())
            #expect(try files.bytes(at: "/run/target") == Array("kept".utf8))
            #expect(!files.exists("/run/nowhere"))
            extendLifetime(lock)
        }
    }

    @Test func aWaitThatIsCancelledLeavesNoDescriptor() async throws {
        try await withTemporaryRoot { files in
            let held = try await HostLock.acquire("/run/lock", wait: .zero, in: files) { _ in }
            let location = files.location(of: "/run/lock").string
            let before = try descriptors(of: location)
            let waiting = Task { _ = try await HostLock.acquire("/run/lock", wait: .seconds(60), in: files) { _ in } }
            try await Task.sleep(for: .milliseconds(50))
            waiting.cancel()
            await #expect(throws: CancellationError.self) { try await waiting.value }
            #expect(try descriptors(of: location) == before)
            extendLifetime(held)
        }
    }

    private func descriptors(of location: String) throws -> Int {
        let folder: FilePath = "/proc/self/fd"
        return try FileSystem().names(in: folder)?.filter {
            FileSystem().linkTarget(of: folder.appending($0)) == location
        }.count ?? 0
    }
}
