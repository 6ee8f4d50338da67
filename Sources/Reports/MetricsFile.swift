package import Host
import RelayNode
package import SystemPackage

/// The metrics as a file that nginx serves.
package struct MetricsFile: Sendable {
    private let files: FileSystem

    package init(files: FileSystem) { self.files = files }

    package static let path = FilePath(NginxConfiguration.metricsFile)
    private static let lock: FilePath = "/run/smtp-relay-agent/metrics.lock"

    /// Writes the metrics of now: of a status, and of what was counted and found beside the passes.
    ///
    /// - Parameters:
    ///   - status: `nil` for the one that was written last.
    ///   - now: Seconds since 1970.
    package func write(_ status: NodeStatus? = nil, now: Int) throws {
        try files.createDirectory(Self.path.removingLastComponent())
        // A pass and the follower of the mail log both write, and no counter may go back in between.
        try files.withBriefLock(Self.lock) {
            guard let status = status ?? StatusFile(files: files).read() else { return }
            let mail = FollowedLogFile(files: files).read()
            let findings = FoundFile(files: files).read()
            let text = Metrics(status, mail: mail, findings: findings, now: now).description
            try files.replace(Self.path, with: Array(text.utf8), attributes: FileAttributes(), context: .webContent)
        }
    }
}
