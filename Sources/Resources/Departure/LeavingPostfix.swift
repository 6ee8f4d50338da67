package import Host
package import RelayNode
import SystemPackage
import Vocabulary

/// The Postfix of a leaving node: it uses the routes of the departure.
///
/// Its service manager takes no orders for a service that it is about to stop, so Postfix's own programs are used.
package struct LeavingPostfix: Sendable {
    private let services: ServiceBoard
    private let runner: any CommandRunner
    private let files: FileSystem

    private static let service = ServiceName("postfix")

    package init(services: ServiceBoard, runner: any CommandRunner, files: FileSystem) {
        self.services = services
        self.runner = runner
        self.files = files
    }

    package var isRunning: Bool { processes != nil }

    private var processes: PostfixProcesses? { .current(files) }

    /// Starts it.
    package func start() async throws {
        do {
            try await services.change { try await $0.start(Self.service) }
        } catch {
            if isRunning { return }
            _ = try await runner.runChecked(Command("postfix", ["start"]))
        }
    }

    /// Whether it runs, and a process of it was stopped by a signal.
    package var isStopped: Bool {
        PostfixProcesses.isAnyStopped(queue: QueueDirectory.current(files), files: files)
    }

    /// Ends all of its processes, and starts it again. A reload does not end one that hangs.
    package func restart() async throws {
        do {
            try await services.change { try await $0.restart(Self.service) }
        } catch {
            _ = try await runner.run(Command("postfix", ["stop"]))
            try await start()
        }
    }

    /// Makes Postfix try all queued messages now, also those to servers that did not answer lately.
    package func flush() async throws {
        _ = try await runner.runChecked(Command("postqueue", ["-f"]))
    }

    /// The listeners that other hosts reach, as `master_service_disable` names them.
    package func doors() throws -> [String] { MasterCf(try text(at: PostfixService.masterCf).string).doors }

    /// The routes as Postfix's files have them, with another way for all mail.
    package func routes(handOver: String? = nil) throws -> LeavingRoutes {
        LeavingRoutes(
            handOver: handOver,
            closed: MainCf(try text(at: PostfixService.mainCf).string).closedDoors,
            refusesMail: try isRefusing
        )
    }

    /// Whether the table of a leaving node refuses all mail.
    package var isRefusing: Bool {
        get throws { try files.file(at: Self.table)?.bytes == Array(PostfixTable.leaving(refusing: true).text.utf8) }
    }

    private static let table = FilePath(PostfixTable.Name.leaving.path)

    /// Makes Postfix use these routes. Routes that were written before and not loaded, since the process was killed,
    /// are loaded now.
    package func take(_ routes: LeavingRoutes) async throws {
        let loaded = LoadedConfiguration(files: files)
        try change(PostfixService.masterCf) { MasterCf($0).havingEvacuation.text }
        try change(PostfixService.mainCf) { MainCf($0).leaving(routes).text }
        try writeTable(routes.refusesMail)
        if try loaded.isCurrent() { return }
        try loaded.settle()
        let fingerprint = try loaded.fingerprint()
        try await reload()
        try loaded.keep(fingerprint)
    }

    /// systemd removes the pid file of a unit that has ended, also that of a master which was started since. Without it,
    /// 'postfix reload' does not find the master, so the signal is sent to it directly (master(8)).
    private func reload() async throws {
        do {
            _ = try await runner.runChecked(Command("postfix", ["reload"]))
        } catch {
            guard let master = processes?.master.split(separator: " ").first else { throw error }
            _ = try await runner.runChecked(Command("kill", ["-HUP", "\(master)"]))
        }
    }

    private func change(_ path: FilePath, _ edit: (String) -> String) throws {
        let current = try text(at: path)
        let wanted = edit(current.string)
        guard wanted != current.string else { return }
        let attributes = try files.file(at: path)?.attributes ?? FileAttributes()
        try files.replaceThroughLinks(path, with: current.encode(wanted), attributes: attributes)
    }

    private func writeTable(_ isRefusing: Bool) throws {
        let wanted = Array(PostfixTable.leaving(refusing: isRefusing).text.utf8)
        guard try files.file(at: Self.table)?.bytes != wanted else { return }
        try files.replace(Self.table, with: wanted, attributes: FileAttributes())
    }

    private func text(at path: FilePath) throws -> FileText { FileText(try files.bytes(at: path)) }
}
