import FoundationEssentials
package import Host
package import SystemPackage

/// The node's status as a file, readable by everyone.
package struct StatusFile: Sendable {
    private let files: FileSystem
    package static let path: FilePath = "/run/smtp-relay-agent/status.json"

    package init(files: FileSystem) {
        self.files = files
    }

    /// What was written last; `nil` where nothing was, or where another version of the program wrote something else.
    package func read() -> NodeStatus? {
        guard let bytes = try? files.bytes(at: Self.path) else { return nil }
        guard var status = try? JSONDecoder().decode(NodeStatus.self, from: Data(bytes)),
            status.format ?? 1 <= NodeStatus.currentFormat
        else { return nil }
        status.format = NodeStatus.currentFormat
        return status
    }

    package func write(_ status: NodeStatus) throws {
        try files.createDirectory(Self.path.removingLastComponent())
        try files.replace(Self.path, with: Array(try JSONEncoder().encode(status)), attributes: FileAttributes())
    }
}
