import Host
import RelayTestSupport
import SystemPackage
import Testing

struct SystemVTests {
    private let postfix = ServiceName("postfix")
    private let timer = ServiceName("a.timer")

    /// A host with Postfix's script, run by process 42, and a link at one run level.
    private func withHost(
        level: Int = 3,
        link: String? = "S80postfix",
        _ body: (FileSystem) async throws -> Void
    ) async throws {
        try await withTemporaryRoot { (files) async throws in
            for (path, text) in [
                ("/sbin/service", ""), ("/sbin/chkconfig", ""), ("/sbin/runlevel", ""), ("/etc/init.d/postfix", ""),
                ("/var/spool/postfix/pid/master.pid", "             42\n"),
                ("/proc/42/stat", "42 (master) S \((4...22).map(String.init).joined(separator: " "))\n"),
                ("/etc/inittab", "# id:4:initdefault:\nid:\(level):initdefault:\n"),
            ] + (link.map { [("/etc/rc\(level).d/\($0)", "")] } ?? []) {
                try files.createDirectory(FilePath(path).removingLastComponent())
                try files.put(Array(text.utf8), at: FilePath(path))
            }
            try await body(files)
        }
    }

    private func state(_ files: FileSystem, status: Int32) async throws -> ServiceState? {
        let runner = ScriptedRunner(["/sbin/service postfix status": CommandOutput(status: status)])
        return try await SystemV(runner: runner, files: files).states(of: [postfix])[postfix]
    }

    @Test(arguments: [2, 3])
    func aRunningServiceIsFoundWithItsProcess(level: Int) async throws {
        try await withHost(level: level) { (files) async throws in
            let expected = ServiceState(isInstalled: true, isEnabled: true, isActive: true, mainProcess: 42)
            #expect(try await state(files, status: 0) == expected)
            // A pid file that nobody removed says nothing.
            try files.remove("/proc/42/stat")
            let without = ServiceState(isInstalled: true, isEnabled: true, isActive: true)
            #expect(try await state(files, status: 0) == without)
        }
    }

    @Test(arguments: [1, 2, 3, 4] as [Int32])
    func everyOtherStatusIsAServiceThatDoesNotRun(status: Int32) async throws {
        try await withHost(link: "K20postfix") { (files) async throws in
            let expected = ServiceState(isInstalled: true, isEnabled: false, isActive: false)
            #expect(try await state(files, status: status) == expected)
        }
    }

    @Test func whatHasNoScriptIsNotAskedAbout() async throws {
        try await withHost { (files) async throws in
            let states = try await SystemV(runner: ScriptedRunner(), files: files).states(of: [timer])
            #expect(states == [timer: .unknown])
        }
    }

    @Test func ordersGoToChkconfigAndService() async throws {
        try await withHost { (files) async throws in
            try files.put([], at: "/etc/init.d/a")
            let expected = [
                "/sbin/chkconfig --add a", "/sbin/chkconfig a on", "/sbin/service a start", "/sbin/service a start",
                "/sbin/service a reload", "/sbin/service a restart", "/sbin/service a stop", "/sbin/chkconfig a off",
                "/sbin/service a status", "/sbin/service a stop", "/sbin/chkconfig --del a",
            ]
            let runner = ScriptedRunner()
            for line in Set(expected) { runner.expect(line) }
            let services = SystemV(runner: runner, files: files)
            try await services.enable(timer)
            try await services.start(timer)
            try await services.startLater(timer)
            try await services.reload(timer)
            try await services.restart(timer)
            try await services.stop(timer)
            try await services.disable(timer)
            try await services.forget(timer)
            #expect(runner.lines == expected)
        }
    }

    @Test func whatDoesNotRunIsNotStopped() async throws {
        try await withHost { (files) async throws in
            let runner = ScriptedRunner([
                "/sbin/chkconfig postfix off": CommandOutput(status: 0),
                "/sbin/service postfix status": CommandOutput(status: 3),
            ])
            try await SystemV(runner: runner, files: files).disable(postfix)
            #expect(runner.lines.count == 2)
        }
    }

    @Test func aFailureBringsTheScriptsOwnWords() async throws {
        try await withHost { (files) async throws in
            let runner = ScriptedRunner([
                "/sbin/service postfix start": CommandOutput(status: 1, standardError: "fatal: bad boolean")
            ])
            do throws(ServiceFailure) {
                try await SystemV(runner: runner, files: files).start(postfix)
                Issue.record("a failed start must be an error")
            } catch {
                #expect(error.description.contains("cannot start postfix"))
                #expect(error.description.contains("fatal: bad boolean"))
                #expect(error.description.contains("see: tail -n 50 /var/log/maillog"))
            }
        }
    }

    @Test func aPersonIsToldTheSystemsOwnCommands() async throws {
        try await withHost { files in
            let commands = SystemV(runner: ScriptedRunner(), files: files).commands
            #expect(commands.name(of: timer) == "a")
            #expect(commands.enableAndStart(timer) == "chkconfig a on; service a start")
            #expect(commands.disableAndStop(timer) == "chkconfig a off; service a stop")
            #expect(commands.log(of: postfix) == "tail -n 50 /var/log/maillog")
            try files.createDirectory("/var/log")
            try files.put([], at: "/var/log/mail.log")
            #expect(commands.log(of: postfix) == "tail -n 50 /var/log/mail.log")
            #expect(commands.log(of: timer) == "tail -n 50 /var/log/smtp-relay-agent.log")
            let all = [commands.restart, commands.enable, commands.status, commands.log].map { $0(postfix) }
                + [commands.whose(process: 7), commands.mailLog(matching: "x")]
            #expect(all.allSatisfy { !$0.contains("ctl ") && !$0.contains("systemd") })
        }
    }

    @Test(arguments: [("N 3", false), ("3 0", true), ("N 6", true), ("unknown", false)])
    func theRunLevelTellsThatTheSystemGoesDown(answer: String, isDown: Bool) async throws {
        try await withHost { (files) async throws in
            let runner = ScriptedRunner(["/sbin/runlevel": CommandOutput(status: 0, standardOutput: "\(answer)\n")])
            #expect(await SystemV(runner: runner, files: files).isShuttingDown() == isDown)
        }
    }
}
