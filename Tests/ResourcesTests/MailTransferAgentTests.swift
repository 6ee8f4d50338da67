import Glibc
import Host
import Reconcile
import RelayTestSupport
import Resources
import Synchronization
import SystemPackage
import Testing

struct MailTransferAgentTests {
    private let up = ServiceState(isInstalled: true, isEnabled: true, isActive: true)
    private let down = ServiceState(isInstalled: true, isEnabled: false, isActive: false)
    private let enabled = ServiceState(isInstalled: true, isEnabled: true, isActive: false)

    private func put(_ path: FilePath, _ text: String = "", in files: FileSystem) throws {
        try files.createDirectory(path.removingLastComponent())
        try files.put(Array(text.utf8), at: path)
    }

    private func link(_ path: FilePath, to target: String, in files: FileSystem) throws {
        try files.createDirectory(path.removingLastComponent())
        #expect(symlink(target, files.location(of: path).string) == 0)
    }

    /// A pass over the host.
    ///
    /// - Returns: Its changes, and the orders to the services.
    private func pass(
        _ files: FileSystem,
        _ states: [String: ServiceState],
        runner: any CommandRunner = ScriptedRunner(),
        notice: @escaping @Sendable (String) -> Void = { Issue.record("\($0)") }
    ) async throws -> (changes: [String], told: [String]) {
        let services = FakeServices(Dictionary(uniqueKeysWithValues: states.map { (ServiceName($0.key), $0.value) }))
        let rivals = MailTransferAgent.Rival.all(files: files)
        let board = ServiceBoard(manager: services, services: [ServiceName("postfix")], others: rivals.map(\.service))
        let agent = MailTransferAgent(
            ports: [25],
            rivals: rivals,
            services: board,
            runner: runner,
            files: files,
            keep: { kept in
                // Before anything is done.
                #expect(services.told.isEmpty && (runner as? ScriptedRunner)?.lines.isEmpty == true)
                let states = kept.services.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
                let choice = kept.alternative.map { ["\($0.isAutomatic ? "auto" : "manual") \($0.program)"] } ?? []
                try files.put(Array((states + choice).joined(separator: "; ").utf8), at: "/kept")
            },
            notice: notice
        )
        guard case .drifted(let drift) = try await agent.check() else { return ([], services.told) }
        try await drift.apply()
        return (drift.changes.map(\.summary), services.told)
    }

    /// The record that was written before the other agent was taken away.
    private func kept(_ files: FileSystem) throws -> String {
        String(decoding: try files.bytes(at: "/kept"), as: UTF8.self)
    }

    @Test func theAlternativeIsBroughtBackToWhatItWas() async throws {
        try await withTemporaryRoot { (files) async throws in
            let link: FilePath = "/etc/alternatives/mta"
            let alternative = MailAlternative(files: files)
            #expect(alternative.current() == nil)
            try self.link(link, to: "/usr/sbin/sendmail.exim", in: files)
            try put("/var/lib/alternatives/mta", "auto\n/usr/bin/mta\n", in: files)
            try put("/usr/sbin/sendmail.exim", in: files)
            try files.replace("/usr/sbin/alternatives", with: [], attributes: FileAttributes(permissions: .executable))
            let choice = try #require(alternative.current())
            #expect(choice.isAutomatic && choice.program == "/usr/sbin/sendmail.exim")
            let runner = ScriptedRunner()
            #expect(try await !alternative.restore(choice, runner))
            try files.remove(link)
            try self.link(link, to: "/usr/sbin/sendmail.postfix", in: files)
            // Left to itself it stays with Postfix, as this runner has it.
            runner.expect("/usr/sbin/alternatives --auto mta")
            runner.expect("/usr/sbin/alternatives --set mta /usr/sbin/sendmail.exim")
            #expect(try await alternative.restore(choice, runner))
            #expect(runner.lines.count == 2)
            // It was uninstalled since.
            try files.remove("/usr/sbin/sendmail.exim")
            #expect(try await !alternative.restore(choice, runner))
        }
    }

    @Test func sendmailAndEximGo() async throws {
        try await withTemporaryRoot { (files) async throws in
            for unit in ["sendmail", "sm-client", "exim"] {
                try put(FilePath("/usr/lib/systemd/system/\(unit).service"), in: files)
            }
            let states = ["sendmail": up, "sm-client": enabled, "exim": down]
            let (changes, told) = try await pass(files, states)
            #expect(
                changes == [
                    "stop and disable sendmail: Postfix is to have its port",
                    "stop and disable sm-client: Postfix is to have its port",
                ]
            )
            #expect(told == ["disable sendmail", "disable sm-client"])
            #expect(try kept(files) == "sendmail running, enabled; sm-client stopped, enabled")
        }
    }

    @Test func theirQueuesAreTriedOnceAndWhatStaysIsTold() async throws {
        try await withTemporaryRoot { (files) async throws in
            try put("/usr/lib/systemd/system/sendmail.service", in: files)
            try files.createDirectory("/usr/sbin")
            let program = FileAttributes(permissions: .executable)
            try files.replace("/usr/sbin/sendmail.sendmail", with: [], attributes: program)
            for name in ["qfxATA001", "dfxATA001", "qfxATA002"] {
                try put(FilePath("/var/spool/mqueue/\(name)"), in: files)
            }
            try put("/var/spool/exim/input/1abc-H", in: files)
            let runner = ScriptedRunner(["/usr/sbin/sendmail.sendmail -q": CommandOutput(status: 0)])
            let notices = Mutex<[String]>([])
            let told = try await pass(files, ["sendmail": up], runner: runner) { notice in
                notices.withLock { $0.append(notice) }
            }.told
            #expect(told == ["disable sendmail"])
            #expect(runner.lines == ["/usr/sbin/sendmail.sendmail -q"])
            let lines = notices.withLock { $0 }
            #expect(lines.count == 2)
            #expect(lines.first?.hasPrefix("2 messages are left in /var/spool/mqueue") == true)
            #expect(lines.last?.hasPrefix("1 message is left in /var/spool/exim/input") == true)
        }
    }

    /// systemd calls every script of System V's 'generated', enabled or not.
    @Test func aScriptIsEnabledWhereItIsLinked() async throws {
        try await withTemporaryRoot { (files) async throws in
            try put("/etc/init.d/exim4", in: files)
            #expect(try await pass(files, ["exim4": enabled]).changes.isEmpty)
            try link("/etc/rc3.d/S01exim4", to: "../init.d/exim4", in: files)
            #expect(try await pass(files, ["exim4": enabled]).told == ["disable exim4"])
        }
    }

    @Test func whoIsNotThereIsNotAskedAbout() async throws {
        try await withTemporaryRoot { (files) async throws in
            #expect(MailTransferAgent.Rival.all(files: files).isEmpty)
            #expect(try await pass(files, ["sendmail": up]).told.isEmpty)
        }
    }

    @Test func alternativesAreSetWhereTheyAreAnothers() async throws {
        try await withTemporaryRoot { (files) async throws in
            try link("/etc/alternatives/mta", to: "/usr/sbin/sendmail.sendmail", in: files)
            // The tool and Postfix's own program are not there yet.
            #expect(try await pass(files, [:]).changes.isEmpty)
            try put("/usr/sbin/sendmail.postfix", in: files)
            try files.replace("/usr/sbin/alternatives", with: [], attributes: FileAttributes(permissions: .executable))
            let runner = ScriptedRunner()
            runner.expect("/usr/sbin/alternatives --set mta /usr/sbin/sendmail.postfix")
            let changes = try await pass(files, ["postfix": up], runner: runner).changes
            #expect(changes == ["have alternatives' mta be /usr/sbin/sendmail.postfix"])
            #expect(runner.lines.count == 1)
            #expect(try kept(files) == "manual /usr/sbin/sendmail.sendmail")
            try files.remove("/etc/alternatives/mta")
            try link("/etc/alternatives/mta", to: "/usr/sbin/sendmail.postfix", in: files)
            #expect(try await pass(files, ["postfix": up]).changes.isEmpty)
        }
    }

    @Test(arguments: ["postfix stop", "kill -TERM 100"])
    func aPostfixThatItsServiceDoesNotKnowIsStopped(by line: String) async throws {
        try await withTemporaryRoot { (files) async throws in
            let postfix = try PretendedPostfix(in: files)
            let starting = ServiceState(isInstalled: true, isEnabled: true, isActive: false, isStarting: true)
            // A unit that is started again and again can't come up beside it.
            for state in [down, starting] {
                try postfix.load(1)
                let runner = EndingRunner(files: files, by: line)
                let changes = try await pass(files, ["postfix": state], runner: runner).changes
                #expect(changes == ["stop the Postfix that was started past the service manager"])
                #expect(runner.lines == (line == "postfix stop" ? [line] : ["postfix stop", line]))
                #expect(try await pass(files, ["postfix": state]).changes.isEmpty)
            }
            try postfix.load(1)
            #expect(try await pass(files, ["postfix": up]).changes.isEmpty)
            // It is the unit's own, which is on its way up.
            try put("/proc/100/cgroup", "0::/system.slice/system-postfix.slice/postfix@-.service\n", in: files)
            #expect(try await pass(files, ["postfix": starting]).changes.isEmpty)
            let runner = EndingRunner(files: files, by: line)
            #expect(try await pass(files, ["postfix": down], runner: runner).changes.count == 1)
        }
    }

    @Test func anotherProgramOnThePortIsNamed() async throws {
        try await withTemporaryRoot { (files) async throws in
            let listener = "   0: 00000000:0019 00000000:0000 0A 0:0 0:0 0 0 0 900 1 0 100\n"
            try put("/proc/net/tcp", "header\n" + listener, in: files)
            try put("/proc/77/comm", "python3\n", in: files)
            try put("/proc/77/cmdline", "python3\0/x.py", in: files)
            try link("/proc/77/fd/3", to: "socket:[900]", in: files)
            let failure = await #expect(throws: PortTaken.self) { try await pass(files, ["postfix": down]) }
            let text = failure?.description ?? ""
            #expect(text.hasPrefix("Postfix can't have port 25, which is held by process 77 (python3 /x.py); stop it"))
            // Where no service manager knows of Postfix, as where a plan is made elsewhere, nothing is started.
            #expect(try await pass(files, [:]).changes.isEmpty)
            // It is Postfix itself that holds it while it runs.
            #expect(try await pass(files, ["postfix": up]).changes.isEmpty)
            try put("/proc/77/comm", "master\n", in: files)
            let master = await #expect(throws: PortTaken.self) { try await pass(files, ["postfix": down]) }
            #expect(master?.description.contains("it is a Postfix of another configuration") == true)
            #expect(master?.description.contains("run 'kill 77'") == true)
            // A Postfix that is ending lets go by itself.
            try put("/proc/77/comm", "smtpd\n", in: files)
            #expect(try await pass(files, ["postfix": down]).changes.isEmpty)
        }
    }
}

/// Ends the pretended Postfix when it is told so by one command, and fails at any other.
private final class EndingRunner: CommandRunner {
    private let files: FileSystem
    private let last: String
    private let told = Mutex<[String]>([])

    init(files: FileSystem, by last: String) {
        self.files = files
        self.last = last
    }

    var lines: [String] { told.withLock { $0 } }

    func run(_ command: Command) async throws(CommandFailure) -> CommandOutput {
        told.withLock { $0.append(command.description) }
        guard command.description == last else { return CommandOutput(status: 1) }
        try? files.remove("/proc/100/stat")
        return CommandOutput(status: 0)
    }
}
