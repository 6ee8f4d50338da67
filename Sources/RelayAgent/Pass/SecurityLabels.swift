import Host
import Reconcile
import RelayNode
import Reports
import Resources
import SystemPackage

/// Has SELinux's own tool label the agent's files as the host's policy says.
struct SecurityLabels: Sendable {
    let files: FileSystem
    let runner: any CommandRunner
    var warn: @Sendable (String) -> Void = { _ in }

    /// The part of a host that finds wrong labels.
    var resource: FileLabels {
        FileLabels(
            { [files] in try Self.paths(files) },
            shown: [FilePath(NginxConfiguration.healthFile), MetricsFile.path],
            runner: runner,
            files: files,
            warn: warn
        )
    }

    /// A file that takes another's place has its label already, and a new one that of its folder; this is for a policy that
    /// has a rule of its own for such a file. It runs a program only where SELinux is on and a file was written.
    ///
    /// - Throws: `CommandFailure`, or a `FileFailure`.
    func restore(after changes: [Change]) async throws {
        guard changes.contains(where: { $0.kind == .file }), files.hasSELinux else { return }
        try await resource.restoreAll()
    }

    /// Those of which the policy knows; what nginx shows is labelled as it is written.
    private static func paths(_ files: FileSystem) throws -> [FilePath] {
        let kept = try [AgentTraces.settings, AgentTraces.state].flatMap { [$0] + (try files.plainFiles(below: $0)) }
        return AgentTraces.configuration + kept + [Installation.program] + AgentTraces(files: files).unitFiles
            + [AgentTraces.bootState, OwnFolders.served]
    }
}
