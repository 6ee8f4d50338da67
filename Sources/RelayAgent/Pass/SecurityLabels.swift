import Host
import Reconcile
import RelayNode
import Resources

/// Has SELinux's own tool label what a pass has written, as the host's policy says.
///
/// A file that takes another's place has its label already, and a new one that of its folder; this is for a policy that has
/// a rule of its own for such a file.
struct SecurityLabels: Sendable {
    let files: FileSystem
    let runner: any CommandRunner

    /// Runs a program only where SELinux is on and a file was written.
    ///
    /// - Throws: `CommandFailure`.
    func restore(after changes: [Change]) async throws {
        guard changes.contains(where: { $0.kind == .file }), files.hasSELinux else { return }
        _ = try await runner.runChecked(Command("restorecon", ["-R", "-i"] + paths))
    }

    /// Those of which the policy knows; what stands below /run is labelled as it is written.
    private var paths: [String] {
        ["/etc/postfix/main.cf", "/etc/postfix/master.cf"] + PostfixTable.Name.allCases.map(\.path)
            + ["/etc/nginx/nginx.conf"]
            + ([NodeTraces.settings, NodeTraces.state, Installation.program] + NodeTraces(files: files).unitFiles)
            .map { "\($0)" }
    }
}
