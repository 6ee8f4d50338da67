import Host
import RelayTestSupport
import SystemPackage
import Testing

struct SystemVTests {
    private let postfix = ServiceName("postfix")
    private let timer = ServiceName("a.timer")

    private static let header = "#!/bin/sh\n# processname: master\n# pidfile: /var/spool/postfix/pid/master.pid\n"

    /// A host with Postfix's script, run by process 42, and a link at one run level.
    private func withHost(
        level: Int = 3,
        link: String? = "S80postfix",
        script: String = header,
        _ body: (FileSystem) async throws -> Void
    ) async throws {
        try await withTemporaryRoot { (files) async throws in
            for (path, text) in [
                ("/sbin/service", ""), ("/sbin/chkconfig", ""), ("/sbin/runlevel", ""), ("/etc/init.d/postfix", script),
                ("/var/spool/postfix/pid/master.pid", "             42\n"), ("/proc/42/stat", process("master")),
                ("/etc/inittab", "# id:4:initdefault:\nid:\(level):initdefault:\n"),
            ] + (link.map { [("/etc/rc\(level).d/\($0)", "")] } ?? []) {
                try put(text, at: FilePath(path), files)
            }
            try await body(files)
        }
    }

    private func put(_ text: String, at path: FilePath, _ files: FileSystem) throws {
        try files.createDirectory(path.removingLastComponent())
        try files.replace(path, with: Array(text.utf8), attributes: FileAttributes())
    }

    /// Process 42, as the kernel has it.
    private func process(_ name: String) -> String {
        "42 (\(name)) S \((4...22).map(String.init).joined(separator: " "))\n"
    }

    /// - Parameter status: The script's answer; `nil` where it is not to be asked.
    private func state(_ files: FileSystem, status: Int32?) async throws -> ServiceState? {
        let answer = status.map { ["/sbin/service postfix status": CommandOutput(status: $0)] } ?? [:]
        let runner = ScriptedRunner(answer)
        return try await SystemV(runner: runner, files: files).states(of: [postfix])[postfix]
    }

    private func state(isEnabled: Bool = true, isActive: Bool, _ process: Int32? = nil) -> ServiceState {
        ServiceState(isInstalled: true, isEnabled: isEnabled, isActive: isActive, mainProcess: process)
    }

    @Test(arguments: [2, 3])
    func aProcessThatLivesNeedsNoQuestion(level: Int) async throws {
        try await withHost(level: level) { (files) async throws in
            #expect(try await state(files, status: nil) == state(isActive: true, 42))
        }
    }

    @Test(arguments: ["another of its number", "none of its number", "no pid file", "no such header"])
    func whereNoneIsFoundTheScriptIsAsked(kind: String) async throws {
        try await withHost { (files) async throws in
            switch kind {
            case "another of its number": try put(process("cron"), at: "/proc/42/stat", files)
            case "none of its number": try files.remove("/proc/42/stat")
            case "no pid file": try files.remove("/var/spool/postfix/pid/master.pid")
            default: try put("#!/bin/sh\n", at: "/etc/init.d/postfix", files)
            }
            #expect(try await state(files, status: 0) == state(isActive: true))
            #expect(try await state(files, status: 3) == state(isActive: false))
        }
    }

    /// The kernel keeps fifteen characters of a name.
    @Test func aLongNameIsKnownByItsBeginning() async throws {
        let header = Self.header.replacing("master\n", with: "smtp-relay-agent\n")
        try await withHost(script: header) { (files) async throws in
            try put(process("smtp-relay-agen"), at: "/proc/42/stat", files)
            #expect(try await state(files, status: nil) == state(isActive: true, 42))
        }
    }

    @Test func whatHasNoProcessIsToldByItsLock() async throws {
        try await withHost(script: "#!/bin/sh\n# lockfile: /var/lock/subsys/x\n") { (files) async throws in
            #expect(try await state(files, status: nil) == state(isActive: false))
            try put("", at: "/var/lock/subsys/x", files)
            #expect(try await state(files, status: nil) == state(isActive: true))
        }
    }

    @Test(arguments: [1, 2, 3, 4] as [Int32])
    func everyOtherStatusIsAServiceThatDoesNotRun(status: Int32) async throws {
        try await withHost(link: "K20postfix", script: "#!/bin/sh\n") { (files) async throws in
            #expect(try await state(files, status: status) == state(isEnabled: false, isActive: false))
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

    @Test(arguments: [0, 1, 3] as [Int32])
    func aReloadOfWhatSomebodyHasStoppedIsAStart(status: Int32) async throws {
        try await withHost { (files) async throws in
            let runner = ScriptedRunner([
                "/sbin/service postfix reload": CommandOutput(status: 1),
                "/sbin/service postfix status": CommandOutput(status: status),
                "/sbin/service postfix start": CommandOutput(status: 0),
            ])
            let services = SystemV(runner: runner, files: files)
            guard status == 3 else {
                await #expect(throws: ServiceFailure.self) { try await services.reload(postfix) }
                return
            }
            try await services.reload(postfix)
            #expect(runner.lines.last == "/sbin/service postfix start")
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
            #expect(commands.stopAndDisable(timer) == "service a stop; chkconfig a off")
            #expect(commands.log(of: postfix) == "tail -n 50 /var/log/maillog")
            try files.createDirectory("/var/log")
            try files.put([], at: "/var/log/mail.log")
            #expect(commands.log(of: postfix) == "tail -n 50 /var/log/mail.log")
            #expect(commands.log(of: timer) == "tail -n 50 /var/log/smtp-relay-agent.log")
            let all =
                [commands.restart, commands.enable, commands.status, commands.log].map { $0(postfix) }
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
