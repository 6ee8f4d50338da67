import Glibc
package import Host
import SystemPackage

/// A folder that stands for a host's root, gone when the body has ended.
@discardableResult
package func withTemporaryRoot<Result>(
    _ body: (FileSystem) async throws -> Result
) async throws -> Result {
    let root = FilePath("/tmp/smtp-relay-agent-test-\(UInt64.random(in: .min ... .max))")
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
