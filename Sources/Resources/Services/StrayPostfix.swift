package import Host
package import Reconcile
import SystemPackage

/// The Postfix of this host has to be the service manager's, and not one that somebody started by hand or by cron.
///
/// Such a Postfix serves its senders, but its service can't be started beside it, and the system would not stop it in good
/// order. Its pid file or its lock tells that it is Postfix, also where the agent may not see who holds the ports.
package struct StrayPostfix: Resource {
    package let name = "mta"

    private let services: ServiceBoard
    private let runner: any CommandRunner
    private let files: FileSystem

    private static let service = ServiceName("postfix")
    /// The time for its processes to end their work.
    private static let patience: Duration = .seconds(10)

    package init(services: ServiceBoard, runner: any CommandRunner, files: FileSystem) {
        self.services = services
        self.runner = runner
        self.files = files
    }

    package func check() async throws -> Check {
        let known = try await services.state(of: Self.service)
        guard known.isInstalled, !known.isActive, master != nil else { return .inSync }
        // The answer may be older than a start by somebody else.
        let state = try await services.freshState(of: Self.service)
        guard !state.isActive, let master else { return .inSync }
        if state.isStarting || state.isStopping, isOfItsUnit(master) { return .inSync }
        let change = Change(.service, "stop the Postfix that was started past the service manager")
        return .drifted(Drift([change], apply: end))
    }

    private var master: Int32? {
        let processes = PostfixProcesses.current(files)
        return processes.flatMap { $0.master.split(separator: " ").first }.flatMap { Int32($0) }
    }

    /// Whether systemd counts a process among those of Postfix's unit (proc_pid_cgroup(5)): postfix.service, or Debian's
    /// postfix@-.service.
    private func isOfItsUnit(_ process: Int32) -> Bool {
        let text = (try? files.bytes(at: FilePath("/proc/\(process)/cgroup"))) ?? []
        let names = String(decoding: text, as: UTF8.self).split { $0 == "/" || $0.isNewline }
        return names.contains { $0.hasPrefix("postfix") && $0.hasSuffix(".service") }
    }

    /// The step that follows starts the service, on files that are as they should be.
    private func end() async throws {
        let stop = Command("postfix", ["stop"], timeout: .seconds(30))
        _ = try? await runner.run(stop)
        // Without its pid file, 'postfix stop' does not find it. It does the same.
        guard let master else { return }
        _ = try await runner.runChecked(Command("kill", ["-TERM", "\(master)"]))
        let deadline = Waiting.now + Self.patience
        while self.master == master {
            guard Waiting.now < deadline else { throw StillRunning(process: master) }
            try await Waiting.sleep(for: .milliseconds(100))
        }
    }

    private struct StillRunning: Error, CustomStringConvertible {
        let process: Int32

        var description: String {
            """
            the Postfix that was started past the service manager (process \(process)) does not end; run \
            'kill -KILL \(process)', then 'smtp-relay-agent reconcile'
            """
        }
    }
}
