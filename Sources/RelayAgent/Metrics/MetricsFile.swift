import Host
import RelayNode
import SystemPackage

/// The metrics as a file that nginx serves.
struct MetricsFile: Sendable {
    let files: FileSystem
    static let path = FilePath(NginxConfiguration.metricsFile)

    func write(_ metrics: Metrics) throws {
        try files.createDirectory(Self.path.removingLastComponent())
        let text = Array(metrics.description.utf8)
        try files.replace(Self.path, with: text, attributes: FileAttributes(), context: .webContent)
    }
}
