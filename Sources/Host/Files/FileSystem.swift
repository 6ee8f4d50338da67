import Glibc
package import SystemPackage

/// The host's files, as a relay agent needs them: read with their mode and owner, and replaced atomically.
///
/// Every path is taken below `root`, which is `/` but in tests and image builds.
package struct FileSystem: Sendable {
    private let root: FilePath
    /// Is told of each step that changes something on the disk, before it is taken.
    let beforeChange: @Sendable (FilePath) throws(FileFailure) -> Void

    /// - Parameter beforeChange: Keeps a step from being taken by throwing, as a disk does that is full or broken.
    package init(
        root: FilePath = "/",
        beforeChange: @escaping @Sendable (FilePath) throws(FileFailure) -> Void = { (_) throws(FileFailure) in }
    ) {
        self.root = root
        self.beforeChange = beforeChange
    }

    /// The path as the operating system sees it.
    package func location(of path: FilePath) -> FilePath {
        root.string == "/" && path.isAbsolute ? path : FilePath("\(root.string)/\(path.string)")
    }

    /// The file at the path, without following a link there; `nil` where nothing stands there.
    package func file(at path: FilePath) throws(FileFailure) -> FileSnapshot? {
        let location = location(of: path)
        var status = stat()
        guard lstat(location.string, &status) == 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw FileFailure(.read, path)
        }
        let attributes = FileAttributes(status)
        guard status.st_mode & S_IFMT == S_IFREG else {
            return FileSnapshot(attributes: attributes, isRegular: false, bytes: [])
        }
        return FileSnapshot(attributes: attributes, isRegular: true, bytes: try bytes(at: path))
    }

    /// The bytes of a file, following links. Works for files of `/proc` too, whose size is not known beforehand.
    ///
    /// - Parameters:
    ///   - start: The place of the first.
    ///   - limit: Reading ends once there are this many.
    package func bytes(at path: FilePath, from start: Int = 0, limit: Int = .max) throws(FileFailure) -> [UInt8] {
        do {
            // A FIFO in a file's place would wait for a writer.
            let options: FileDescriptor.OpenOptions = [.closeOnExec, .nonBlocking]
            let descriptor = try FileDescriptor.open(location(of: path), .readOnly, options: options)
            return try descriptor.closeAfter {
                if start > 0 { _ = try descriptor.seek(offset: Int64(start), from: .start) }
                var bytes: [UInt8] = []
                var chunk = [UInt8](repeating: 0, count: min(limit, 16384))
                while bytes.count < limit {
                    let count = try chunk.withUnsafeMutableBytes { try descriptor.read(into: $0) }
                    if count == 0 { return bytes }
                    bytes += chunk[..<count]
                }
                return bytes
            }
        } catch {
            throw FileFailure(.read, path, error)
        }
    }

    /// The mode and owner of a file, following links.
    package func attributes(at path: FilePath) throws(FileFailure) -> FileAttributes {
        var status = stat()
        guard stat(location(of: path).string, &status) == 0 else { throw FileFailure(.read, path) }
        return FileAttributes(status)
    }

    /// Whether a program that can be run stands at the path.
    package func isExecutable(_ path: FilePath) -> Bool {
        access(location(of: path).string, X_OK) == 0
    }

    /// Whether anything stands at the path, a dangling link included.
    package func exists(_ path: FilePath) -> Bool {
        var status = stat()
        return lstat(location(of: path).string, &status) == 0
    }

    /// The target of a symbolic link, as it is written there; `nil` where there is no link.
    package func linkTarget(of path: FilePath) -> String? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(location(of: path).string, &buffer, buffer.count)
        return count < 0 ? nil : String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Whether both paths lead to one and the same file.
    package func areSame(_ left: FilePath, _ right: FilePath) -> Bool {
        var (first, second) = (stat(), stat())
        guard stat(location(of: left).string, &first) == 0, stat(location(of: right).string, &second) == 0 else {
            return false
        }
        return first.st_dev == second.st_dev && first.st_ino == second.st_ino
    }

    /// When a file's bytes were last written, in seconds since 1970; `nil` where there is none.
    package func modificationTime(of path: FilePath) -> Int? {
        var status = stat()
        guard lstat(location(of: path).string, &status) == 0 else { return nil }
        return status.st_mtim.tv_sec
    }

    /// The bytes that may still be written on a folder's file system; `nil` where that can't be told.
    package func freeSpace(at path: FilePath) -> UInt64? {
        var status = statvfs()
        guard statvfs(location(of: path).string, &status) == 0 else { return nil }
        return UInt64(status.f_bavail) * UInt64(status.f_frsize)
    }

    /// Removes a file or link; nothing there is fine.
    package func remove(_ path: FilePath) throws(FileFailure) {
        let location = location(of: path)
        try beforeChange(path)
        guard unlink(location.string) == 0 || errno == ENOENT else { throw FileFailure(.remove, path) }
        do {
            try synchronize(location.removingLastComponent())
        } catch Errno.noSuchFileOrDirectory {
            return
        } catch {
            throw FileFailure(.remove, path, error)
        }
    }

    /// Makes a folder and those above it where they are missing. The mode is that of the folders made.
    package func createDirectory(_ path: FilePath, permissions: FilePermissions = .executable) throws(FileFailure) {
        var built = root
        for component in path.components {
            built.append(component)
            if access(built.string, F_OK) == 0 { continue }
            try beforeChange(path)
            guard mkdir(built.string, permissions.rawValue) == 0 || errno == EEXIST else {
                throw FileFailure(.write, path)
            }
        }
    }

    /// The mode and owner of a folder itself; `nil` where there is none, or a link or a file stands in its place.
    package func folderAttributes(at path: FilePath) throws(FileFailure) -> FileAttributes? {
        var status = stat()
        guard lstat(location(of: path).string, &status) == 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw FileFailure(.read, path)
        }
        guard status.st_mode & S_IFMT == S_IFDIR else { return nil }
        return FileAttributes(status)
    }

    /// Gives a folder its mode and owner. A link in its place is not followed.
    package func setFolder(_ path: FilePath, _ attributes: FileAttributes) throws(FileFailure) {
        do {
            let options: FileDescriptor.OpenOptions = [.directory, .noFollow, .closeOnExec]
            let descriptor = try FileDescriptor.open(location(of: path), .readOnly, options: options)
            try descriptor.closeAfter {
                try Errno.check(fchown(descriptor.rawValue, attributes.owner, attributes.group))
                try Errno.check(fchmod(descriptor.rawValue, attributes.permissions.rawValue))
            }
        } catch {
            throw FileFailure(.write, path, error)
        }
    }

    /// Removes a folder and the plain files in it; nothing there is fine. Folders within are left, and are an error.
    package func removeDirectory(_ path: FilePath) throws(FileFailure) {
        for name in try names(in: path) ?? [] {
            try remove(path.appending(name))
        }
        guard rmdir(location(of: path).string) == 0 || errno == ENOENT else { throw FileFailure(.remove, path) }
    }

    /// The names in a folder, sorted; `nil` where there is no such folder.
    package func names(in path: FilePath) throws(FileFailure) -> [String]? {
        guard let directory = opendir(location(of: path).string) else {
            if errno == ENOENT { return nil }
            throw FileFailure(.read, path)
        }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: entry.pointee.d_name) { tuple in
                tuple.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// A text that changes with a folder's files: names, sizes, times and inodes, one file a line.
    package func fingerprint(of path: FilePath) throws(FileFailure) -> String {
        var lines: [String] = []
        for name in try names(in: path) ?? [] {
            var status = stat()
            guard lstat(location(of: path.appending(name)).string, &status) == 0 else { continue }
            let time = "\(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)"
            lines.append("\(name) \(status.st_size) \(time) \(status.st_ino) \(status.st_mode)")
        }
        return lines.joined(separator: "\n")
    }

    func synchronize(_ directory: FilePath) throws {
        let descriptor = try FileDescriptor.open(directory, .readOnly, options: [.directory, .closeOnExec])
        try descriptor.closeAfter { try Errno.check(fsync(descriptor.rawValue)) }
    }
}

extension Errno {
    /// Throws what errno says where a call has failed.
    static func check(_ result: CInt) throws(Errno) {
        guard result == 0 else { throw Errno(rawValue: errno) }
    }
}

extension FileAttributes {
    fileprivate init(_ status: stat) {
        self.init(
            permissions: FilePermissions(rawValue: status.st_mode & 0o7777),
            owner: status.st_uid,
            group: status.st_gid
        )
    }
}
