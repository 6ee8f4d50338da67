import Glibc
package import SystemPackage

/// The marks by which a change of a file shows, without a look into it.
package struct FileIdentity: Sendable, Hashable {
    package let inode: UInt64
    /// Bytes.
    package let size: Int
    /// The time of the last write, in nanoseconds since 1970.
    package let modified: Int
}

extension FileSystem {
    /// The marks of a file, following links; `nil` where there is none.
    package func identity(of path: FilePath) -> FileIdentity? {
        var status = stat()
        guard stat(location(of: path).string, &status) == 0 else { return nil }
        return FileIdentity(
            inode: UInt64(status.st_ino),
            size: Int(status.st_size),
            modified: status.st_mtim.tv_sec * 1_000_000_000 + status.st_mtim.tv_nsec
        )
    }
}
