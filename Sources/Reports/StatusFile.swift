package import Host
import Resources
package import SystemPackage

/// The node's status as a file, readable by everyone.
package struct StatusFile: Sendable {
    private let file: StateFile<NodeStatus>
    package static let path: FilePath = "/run/smtp-relay-agent/status.json"

    package init(files: FileSystem) {
        self.file = StateFile(Self.path, in: files)
    }

    /// The last status; `nil` where there is none, or where another version of the program wrote something else.
    package func read() -> NodeStatus? {
        guard var status = file.read(), status.format ?? 1 <= NodeStatus.currentFormat else { return nil }
        status.format = NodeStatus.currentFormat
        return status
    }

    package func write(_ status: NodeStatus) throws { try file.write(status) }
}
