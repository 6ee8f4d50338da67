import Glibc
import SystemPackage

/// A program that nothing of the agent's may kill half way, such as a package manager: killed in a transaction, it leaves
/// packages half installed.
///
/// It runs past this process: in a unit of its own where systemd is, since stopping the agent's unit kills what is in its
/// control group, and in a session of its own elsewhere. Its output goes to files, so that it does not end by a closed pipe
/// either. A script waits for it and leaves its status; the agent only looks for that.
struct Transaction: Sendable {
    let command: Command
    /// The program's environment.
    let environment: [String: String]
    let files: FileSystem
    /// The runner that starts the script.
    let runner: any CommandRunner

    /// Holds a folder for each that runs. Only root reads it: an environment may hold a proxy's password.
    static let folders: FilePath = "/run/smtp-relay-agent/transactions"
    /// The locks that rpm holds while it changes packages.
    private static let locks: [FilePath] = ["/var/lib/rpm/.rpm.lock", "/usr/lib/sysimage/rpm/.rpm.lock"]
    private static let interval: Duration = .milliseconds(50)
    /// For a script to be started, and for a program to end that was told to.
    private static let patience: Duration = .seconds(10)

    /// Runs the program, and waits for its end as long as there is time.
    func run() async throws(CommandFailure) -> CommandOutput {
        let deadline = ContinuousClock.now + command.timeout
        let folder = Self.folders.appending("\(getpid())-\(UInt32.random(in: .min ... .max))")
        do {
            try removeFinished()
            try files.createDirectory(folder, permissions: FilePermissions(rawValue: 0o700))
            let attributes = FileAttributes(permissions: [.ownerReadWrite], owner: geteuid(), group: getegid())
            let script = Array(script(in: files.location(of: folder)).utf8)
            try files.replace(folder.appending("script"), with: script, attributes: attributes)
        } catch {
            throw CommandFailure(command, .notRun("\(error)"))
        }
        if Task.isCancelled { throw CommandFailure(command, .notRun("the pass was told to end")) }
        try await start(folder)
        let process = try await process(in: folder)
        return try await output(of: process, in: folder, until: deadline)
    }

    // Beginning

    /// Removes the files of transactions that ended after the wait for them was over.
    private func removeFinished() throws(FileFailure) {
        for name in try files.names(in: Self.folders) ?? [] {
            let folder = Self.folders.appending(name)
            if RunningTransactions(files: files).process(in: folder) != nil { continue }
            try files.removeDirectory(folder)
        }
    }

    private func script(in folder: FilePath) -> String {
        let names = environment.keys.filter { name in
            !Self.ownVariables.contains(name) && name.first?.isNumber == false
                && name.utf8.allSatisfy { Self.letters.contains($0) }
        }
        let exports = names.sorted().map { "export \($0)=\(Self.quoted(environment[$0] ?? ""))" }
        let line = ([command.executable] + command.arguments).map(Self.quoted).joined(separator: " ")
        let lines = [
            "cd \(Self.quoted(folder.string)) || exit 1",
            "(cd / && exec \(line)) </dev/null >stdout 2>stderr &",
            "echo $! >process.new && mv process.new process",
            "wait $!",
            "echo $? >status.new && mv status.new status",
        ]
        return (exports + lines).joined(separator: "\n") + "\n"
    }

    /// The variables that a service manager sets for the agent alone.
    private static let ownVariables: Set = [
        "NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC", "INVOCATION_ID", "JOURNAL_STREAM", "MAINPID",
        "SYSTEMD_EXEC_PID",
    ]

    /// Those of a name that a shell takes.
    private static let letters = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789".utf8)

    private static func quoted(_ text: String) -> String {
        "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }

    private func start(_ folder: FilePath) async throws(CommandFailure) {
        let script = files.location(of: folder).appending("script").string
        if files.exists("/run/systemd/system") {
            // A shutdown waits for it, without an end: SIGCONT does nothing to a program that runs.
            let unit = "smtp-relay-agent-transaction-\(folder.lastComponent?.string ?? "")"
            let options = ["--quiet", "--unit=\(unit)", "-p", "KillSignal=SIGCONT", "-p", "SendSIGKILL=no"]
            let start = Command("/usr/bin/systemd-run", options + ["/bin/sh", script])
            if let output = try? await runner.run(start), output.status == 0 { return }
            // It may be on its way.
            if Task.isCancelled { throw CommandFailure(command, .leftRunning(nil)) }
        }
        let start = Command("/bin/sh", ["-c", "setsid /bin/sh \"$0\" </dev/null >/dev/null 2>&1 &", script])
        do {
            _ = try await runner.runChecked(start)
        } catch {
            throw Task.isCancelled ? CommandFailure(command, .leftRunning(nil)) : error
        }
    }

    /// The program's process, once it has begun.
    private func process(in folder: FilePath) async throws(CommandFailure) -> Int32 {
        let deadline = ContinuousClock.now + Self.patience
        while ContinuousClock.now < deadline {
            if let process = number("process", in: folder) { return process }
            if Task.isCancelled { throw CommandFailure(command, .leftRunning(nil)) }
            await pause()
        }
        throw CommandFailure(command, .notRun("it was not started within \(Self.patience)"))
    }

    // Waiting

    private func output(
        of process: Int32,
        in folder: FilePath,
        until deadline: ContinuousClock.Instant
    ) async throws(CommandFailure) -> CommandOutput {
        let started = files.startTime(ofProcess: process)
        while ContinuousClock.now < deadline, !Task.isCancelled {
            if let output = finished(folder) { return output }
            if started == nil || files.startTime(ofProcess: process) != started {
                await pause(20)
                if let output = finished(folder) { return output }
                throw CommandFailure(command, .notRun("process \(process) ended, and its exit status is unknown"))
            }
            await pause()
        }
        if let output = finished(folder) { return output }
        guard !Task.isCancelled, !changesPackages(process) else { throw CommandFailure(command, .leftRunning(process)) }
        // It still waits or loads, and ends in good order.
        kill(process, SIGTERM)
        let end = ContinuousClock.now + Self.patience
        while ContinuousClock.now < end, !Task.isCancelled {
            if finished(folder) != nil { throw CommandFailure(command, .timedOut) }
            await pause()
        }
        throw CommandFailure(command, .leftRunning(process))
    }

    private func finished(_ folder: FilePath) -> CommandOutput? {
        guard let status = number("status", in: folder) else { return nil }
        let (output, errors) = (text("stdout", in: folder), text("stderr", in: folder))
        try? files.removeDirectory(folder)
        return CommandOutput(status: status, standardOutput: output, standardError: errors)
    }

    /// Whether the program, or one that it has started, changes packages at this moment.
    private func changesPackages(_ process: Int32) -> Bool {
        let group = getpgid(process)
        return FileLocks(files: files).processes(holding: Self.locks).contains { $0 == process || getpgid($0) == group }
    }

    private func number(_ name: String, in folder: FilePath) -> Int32? {
        Int32(text(name, in: folder).filter { !$0.isWhitespace })
    }

    private func text(_ name: String, in folder: FilePath) -> String {
        let bytes = (try? files.bytes(at: folder.appending(name), limit: CommandOutput.limit)) ?? []
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Does not throw: a cancelled task notices at the next look.
    private func pause(_ times: Int = 1) async {
        try? await Task.sleep(for: Self.interval * times)
    }
}
