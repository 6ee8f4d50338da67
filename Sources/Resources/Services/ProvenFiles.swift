import Host
import SystemPackage

/// A service's files as they were when it was last seen at work with them, kept on disk.
///
/// A file that was deleted comes back from here with the settings in it that are not the agent's, and what is put back
/// as it was need not be judged again.
struct ProvenFiles {
    private let directory: FilePath
    private let paths: [FilePath]
    private let files: FileSystem

    init(service: ServiceName, paths: [FilePath], files: FileSystem) {
        self.directory = FilePath("/var/lib/smtp-relay-agent/proven").appending(service.description)
        self.paths = paths
        self.files = files
    }

    func bytes() throws -> [FilePath: [UInt8]] {
        var kept: [FilePath: [UInt8]] = [:]
        for path in paths { kept[path] = try files.file(at: directory.appending(path.name))?.bytes }
        return kept
    }

    /// Keeps the files as they are now, where they differ from what was kept.
    func keep() throws {
        for path in paths {
            let copy = directory.appending(path.name)
            guard let file = try files.file(at: path) else {
                // It is wanted no more.
                if files.exists(copy) { try files.remove(copy) }
                continue
            }
            guard file.isRegular, try files.file(at: copy)?.bytes != file.bytes else { continue }
            try files.createDirectory(directory, permissions: FilePermissions(rawValue: 0o700))
            try files.replace(copy, with: file.bytes, attributes: FileAttributes(permissions: .ownerReadWrite))
        }
    }
}
