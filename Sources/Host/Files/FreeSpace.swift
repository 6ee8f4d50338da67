import Glibc
package import SystemPackage

/// The free room of a file system (statvfs(3)).
package struct FreeSpace: Sendable, Equatable {
    /// The bytes that users other than root may still write.
    package let bytes: UInt64
    /// Files that can still be made; `nil` on file systems without a limit.
    package let files: UInt64?

    package init(bytes: UInt64, files: UInt64?) {
        self.bytes = bytes
        self.files = files
    }
}

extension FileSystem {
    /// The room on a folder's file system; `nil` where that can't be told.
    package func space(at path: FilePath) -> FreeSpace? {
        var status = statvfs()
        guard statvfs(location(of: path).string, &status) == 0 else { return nil }
        return FreeSpace(
            bytes: UInt64(status.f_bavail) * UInt64(status.f_frsize),
            files: status.f_files == 0 ? nil : UInt64(status.f_favail)
        )
    }
}
