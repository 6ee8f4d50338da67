package import Host
import RelayNode
import Resources
package import SystemPackage

/// The files that the agent keeps for itself, as opposed to those of operators and services.
///
/// Their contents are read with care and written anew. Only a folder or a FIFO in the place of one would be in the way until
/// somebody removes it, so a pass begins by removing it.
package struct OwnFiles: Sendable {
    private let files: FileSystem

    /// Locks see to themselves.
    private static let ofBoot = [
        "api-calls.json", "busy-looks", "completed-hook", "drain.json", "facts.json", "findings.json", "labels",
        "launch.json", "loaded",
        "metrics", "must-not-serve", "notices", "proof", "self-test.json", "status.json", "ways.json",
    ]
    private static let lasting = [
        "before.json", "drain.json", "instance", "load-balancers.json", "mail-log.json", "settings.json",
    ]

    package static let all =
        ofBoot.map { AgentTraces.bootState.appending($0) } + lasting.map { AgentTraces.state.appending($0) }
        + [FilePath(NginxConfiguration.healthFile), SigningKeyRing.path]

    package init(files: FileSystem) {
        self.files = files
    }

    /// - Returns: What was in the way, and what was done about it.
    package func clear() throws -> [String] {
        let generations = try ServicesBefore.services.flatMap { service in
            let folder = GenerationStore.directory(of: service)
            return try (files.names(in: folder) ?? []).map { folder.appending($0) }
        }
        return try (Self.all + generations.filter { !$0.string.contains(".set-aside-") }).compactMap {
            try files.clearPlaceOfFile($0)
        }
    }
}
