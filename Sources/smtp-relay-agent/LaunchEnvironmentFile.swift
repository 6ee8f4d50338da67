import Host
import Settings
import SystemPackage

extension LaunchEnvironment {
    /// The variables that were kept of the launch; none where none were.
    ///
    /// - Throws: `FileFailure`, also where only root may read it: without it, settings would be others than they are.
    init(files: FileSystem) throws {
        let path = FilePath(Self.path)
        guard files.exists(path) else {
            self.init()
            return
        }
        self.init(text: String(decoding: try files.bytes(at: path), as: UTF8.self))
    }

    /// Readable by everyone, as settings are, but where a proxy's address holds a password.
    func write(to files: FileSystem) throws {
        let path = FilePath(Self.path)
        let isSecret = proxies.values.contains { $0.contains("@") }
        let attributes = FileAttributes(permissions: isSecret ? .ownerReadWrite : .worldReadable)
        let wanted = FileSnapshot(attributes: attributes, isRegular: true, bytes: Array(text.utf8))
        guard !variables.isEmpty, try files.file(at: path) != wanted else { return }
        try files.createDirectory(path.removingLastComponent())
        try files.replace(path, with: wanted.bytes, attributes: attributes)
    }
}
