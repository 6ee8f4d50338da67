import Glibc
package import Host
package import SystemPackage

/// A folder that stands for a host's root, gone when the body has ended.
@discardableResult
package func withTemporaryRoot<Result>(
    _ body: (FileSystem) async throws -> Result
) async throws -> Result {
    let root = FilePath("/tmp/relay-\(String(UInt64.random(in: .min ... .max), radix: 36))")
    let host = FileSystem()
    try host.createDirectory(root)
    do {
        let result = try await body(FileSystem(root: root))
        try removeTree(root, in: host)
        return result
    } catch {
        try removeTree(root, in: host)
        throw error
    }
}

extension FileSystem {
    /// Puts a file there as anyone would: without the flush to the disk that the program's own writing has.
    package func put(_ bytes: [UInt8], at path: FilePath) throws {
        let descriptor = try FileDescriptor.open(
            location(of: path),
            .writeOnly,
            options: [.create, .truncate, .closeOnExec],
            permissions: FilePermissions(rawValue: 0o600)
        )
        try descriptor.closeAfter { _ = try descriptor.writeAll(bytes) }
    }
}

private func removeTree(_ path: FilePath, in host: FileSystem) throws {
    for name in try host.names(in: path) ?? [] {
        let inner = path.appending(name)
        var status = stat()
        if lstat(inner.string, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
            try removeTree(inner, in: host)
        } else {
            try host.remove(inner)
        }
    }
    try host.removeDirectory(path)
}
