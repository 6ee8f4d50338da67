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
            "/usr/bin/systemctl start postfix.service": CommandOutput(status: 1, standardError: "Job failed."),
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

struct SubprocessRunnerTests {
    private let runner = SubprocessRunner()

    @Test func bothStreamsAndTheStatusComeBack() async throws {
        let output = try await runner.run(Command("sh", ["-c", "echo out; echo err >&2; exit 3"]))
        #expect(output == CommandOutput(status: 3, standardOutput: "out\n", standardError: "err\n"))
    }

    @Test func outputIsInTheCLocale() async throws {
        #expect(try await runner.run(Command("sh", ["-c", "echo $LC_ALL"])).standardOutput == "C\n")
    }

    @Test func whatDoesNotEndIsStopped() async throws {
        let started = ContinuousClock.now
        await #expect(throws: CommandFailure.self) {
            try await runner.run(Command("sleep", ["600"], timeout: .milliseconds(100)))
        }
        #expect(ContinuousClock.now - started < .seconds(60))
    }

    @Test func aMissingProgramIsTold() async throws {
        do throws(CommandFailure) {
            _ = try await runner.run(Command("no-such-program-here", []))
            Issue.record("a missing program must be an error")
        } catch {
            #expect(error.reason == .notFound)
        }
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
}
