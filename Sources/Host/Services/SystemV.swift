package import SystemPackage

/// System V init, through `service` and `chkconfig`, as Amazon Linux 1 has them.
///
/// A service is a script in /etc/init.d that answers `start`, `stop`, `status` and the like with the exit statuses of the
/// Linux Standard Base (3.1, 20.2 "Init Script Actions"). `enable` is `chkconfig`'s `on`. What a unit's suffix says on
/// systemd has no meaning here: `a.timer` is the script `a`.
///
/// `status` costs a child process, and some more in the script, so it is asked only where the script's header does not
/// tell that the service runs.
package struct SystemV: ServiceManager {
    package let system = ServiceSystem.systemV
    package let commands: any ServiceCommands

    private let runner: any CommandRunner
    private let files: FileSystem

    private static let scripts: FilePath = "/etc/init.d"
    /// The full paths of the programs: cron's PATH does not have their folders. Systems differ in the folder.
    private static let servicePrograms: [FilePath] = ["/sbin/service", "/usr/sbin/service"]
    private static let chkconfigPrograms: [FilePath] = ["/sbin/chkconfig", "/usr/sbin/chkconfig"]
    private static let runlevelPrograms: [FilePath] = ["/sbin/runlevel", "/usr/sbin/runlevel"]

    package init(runner: any CommandRunner, files: FileSystem) {
        self.runner = runner
        self.files = files
        self.commands = SystemVCommands(files: files)
    }

    /// Whether a host has what this one works by.
    package static func isPresent(in files: FileSystem) -> Bool {
        servicePrograms.contains(where: files.exists) && chkconfigPrograms.contains(where: files.exists)
    }

    package func states(of services: [ServiceName]) async throws(ServiceFailure) -> [ServiceName: ServiceState] {
        let started = startedAtBoot()
        var states: [ServiceName: ServiceState] = [:]
        for service in services {
            let script = Self.script(of: service)
            guard files.exists(Self.scripts.appending(script)) else {
                states[service] = .unknown
                continue
            }
            let activity = try await activity(of: service)
            states[service] = ServiceState(
                isInstalled: true,
                isEnabled: started.contains(script),
                isActive: activity.isActive,
                mainProcess: activity.process
            )
        }
        return states
    }

    package func enable(_ service: ServiceName) async throws(ServiceFailure) {
        let script = Self.script(of: service)
        // chkconfig takes orders only for services that it manages.
        try await order("enable \(service)", Self.chkconfigPrograms, ["--add", script])
        try await order("enable \(service)", Self.chkconfigPrograms, [script, "on"])
    }

    package func disable(_ service: ServiceName) async throws(ServiceFailure) {
        try await order("disable \(service)", Self.chkconfigPrograms, [Self.script(of: service), "off"])
        // 3: it does not run. Scripts there are that fail to stop what does not run.
        if try await status(of: service) != 3 { try await stop(service) }
    }

    package func forget(_ service: ServiceName) async throws(ServiceFailure) {
        let script = Self.script(of: service)
        guard files.exists(Self.scripts.appending(script)) else { return }
        try await order("take \(service) out of the run levels", Self.chkconfigPrograms, ["--del", script])
    }

    package func start(_ service: ServiceName) async throws(ServiceFailure) { try await act("start", on: service) }

    /// A script has started its service when it returns, also if the service waits for something.
    package func startLater(_ service: ServiceName) async throws(ServiceFailure) { try await start(service) }

    package func stop(_ service: ServiceName) async throws(ServiceFailure) { try await act("stop", on: service) }

    package func reload(_ service: ServiceName) async throws(ServiceFailure) {
        do {
            try await act("reload", on: service)
        } catch {
            // 3: somebody has stopped it meanwhile, which leaves nothing to reload.
            guard (try? await status(of: service)) == 3 else { throw error }
            try await start(service)
        }
    }

    package func restart(_ service: ServiceName) async throws(ServiceFailure) { try await act("restart", on: service) }

    /// Scripts are read each time they run.
    package func definitionsChanged() {}

    package func isShuttingDown() async -> Bool {
        // "N 3": the run level before, and that of now; 0 halts, 6 reboots (runlevel(8)).
        let output = try? await output("ask for the run level", Self.runlevelPrograms, [])
        return ["0", "6"].contains(output?.standardOutput.split(whereSeparator: \.isWhitespace).last)
    }

    package var definitions: [FilePath] {
        [Self.scripts, links(), "/var/lock/subsys"]
    }

    static func script(of service: ServiceName) -> String {
        String(service.description.prefix { $0 != "." })
    }

    // Run levels

    /// The scripts that init starts at boot: rc(8) runs the links of the run level whose names begin with S, in order.
    private func startedAtBoot() -> Set<String> {
        let names = (try? files.names(in: links())) ?? []
        return Set(names.filter { $0.first == "S" }.map { String($0.dropFirst(3)) })
    }

    private func links() -> FilePath { FilePath("/etc/rc\(defaultLevel()).d") }

    /// The run level that the system boots into, from /etc/inittab (inittab(5)), which upstart reads as well: 3 where it
    /// says none, as on the RPM distributions.
    private func defaultLevel() -> Character {
        let text = (try? files.bytes(at: "/etc/inittab")).map { String(decoding: $0, as: UTF8.self) } ?? ""
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            guard line.first != "#", fields.count > 2, fields[2] == "initdefault" else { continue }
            if let level = fields[1].first, "12345".contains(level) { return level }
        }
        return "3"
    }

    // Activity

    private func activity(of service: ServiceName) async throws(ServiceFailure) -> (isActive: Bool, process: Int32?) {
        let script = (try? files.bytes(at: Self.scripts.appending(Self.script(of: service)))) ?? []
        let header = ScriptHeader(String(decoding: script, as: UTF8.self))
        if let process = process(header) { return (true, process) }
        if let lockFile = header.lockFile { return (files.exists(lockFile), nil) }
        return (try await status(of: service) == 0, nil)
    }

    /// The process of a service's pid file, as long as it lives: another one may have its number since.
    private func process(_ header: ScriptHeader) -> Int32? {
        guard let path = header.processFile, let bytes = try? files.bytes(at: path, limit: 64) else { return nil }
        let words = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace)
        guard let process = words.first.flatMap({ Int32($0) }), process > 0,
            let name = header.processName, files.name(ofProcess: process) == String(name.prefix(15))
        else { return nil }
        return process
    }

    private func status(of service: ServiceName) async throws(ServiceFailure) -> Int32 {
        let arguments = [Self.script(of: service), "status"]
        return try await output("ask for the state of \(service)", Self.servicePrograms, arguments).status
    }

    // Commands

    private func act(_ verb: String, on service: ServiceName) async throws(ServiceFailure) {
        do {
            try await order("\(verb) \(service)", Self.servicePrograms, [Self.script(of: service), verb])
        } catch {
            // Scripts say little; the service itself has said it to its log.
            throw ServiceFailure(
                operation: error.operation,
                cause: error.cause,
                log: "see: \(commands.log(of: service))"
            )
        }
    }

    private func order(
        _ operation: String,
        _ programs: [FilePath],
        _ arguments: [String]
    ) async throws(ServiceFailure) {
        do {
            _ = try await runner.runChecked(command(programs, arguments))
        } catch {
            throw ServiceFailure(operation: operation, cause: error)
        }
    }

    private func output(
        _ operation: String,
        _ programs: [FilePath],
        _ arguments: [String]
    ) async throws(ServiceFailure) -> CommandOutput {
        do {
            return try await runner.run(command(programs, arguments))
        } catch {
            throw ServiceFailure(operation: operation, cause: error)
        }
    }

    private func command(_ programs: [FilePath], _ arguments: [String]) -> Command {
        let program = programs.first(where: files.exists) ?? programs[0]
        return Command(program.string, arguments, timeout: Self.timeout)
    }

    /// An agent that leaves the load balancers first has to have its time.
    private static let timeout: Duration = .seconds(900)
}
