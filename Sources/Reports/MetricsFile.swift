package import Host
import RelayNode
package import SystemPackage

/// The metrics as a file that nginx serves.
package struct MetricsFile: Sendable {
    private let files: FileSystem

    package init(files: FileSystem) { self.files = files }

    package static let path = FilePath(NginxConfiguration.metricsFile)

    package func write(_ metrics: Metrics) throws {
        try files.createDirectory(Self.path.removingLastComponent())
        let text = Array(metrics.description.utf8)
        try files.replace(Self.path, with: text, attributes: FileAttributes(), context: .webContent)
    }
}
