import CLinux
import Glibc
package import SystemPackage

/// The SELinux label of a file (selinux(8)): SELinux decides by it which programs may read the file.
package struct SecurityContext: Sendable, Equatable {
    private let bytes: [UInt8]

    package init(_ label: String) { self.bytes = Array(label.utf8) + [0] }

    /// The label of files that nginx may read, in a folder that the policy does not know as a web server's.
    package static let webContent = SecurityContext("system_u:object_r:httpd_sys_content_t:s0")

    private static let attribute = "security.selinux"
    /// Bytes; labels are a few dozen.
    private static let limit = 4096

    /// The label of what stands at a path, without following a link; `nil` where nothing does, or it has none.
    init?(at location: FilePath) {
        var buffer = [UInt8](repeating: 0, count: Self.limit)
        let count = lgetxattr(location.string, Self.attribute, &buffer, buffer.count)
        guard count > 0 else { return nil }
        self.bytes = Array(buffer[..<count])
    }

    /// Labels the file at a path.
    func give(to location: FilePath) throws(Errno) {
        try Errno.check(lsetxattr(location.string, Self.attribute, bytes, bytes.count, 0))
    }

    /// Labels an open file.
    func give(to descriptor: FileDescriptor) throws(Errno) {
        // A program may be allowed to write files of a label, and not to relabel any.
        var buffer = [UInt8](repeating: 0, count: Self.limit)
        let count = fgetxattr(descriptor.rawValue, Self.attribute, &buffer, buffer.count)
        if count > 0, Array(buffer[..<count]) == bytes { return }
        try Errno.check(fsetxattr(descriptor.rawValue, Self.attribute, bytes, bytes.count, 0))
    }
}

extension SecurityContext: CustomStringConvertible {
    /// `system_u:object_r:etc_t:s0`.
    package var description: String { String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self) }
}

extension FileSystem {
    /// The label of what stands at a path, without following a link; `nil` where nothing does, or it has none.
    package func context(of path: FilePath) -> SecurityContext? { SecurityContext(at: location(of: path)) }

    /// Labels the file at a path, without following a link.
    package func setContext(_ context: SecurityContext, of path: FilePath) throws(FileFailure) {
        do {
            try context.give(to: location(of: path))
        } catch {
            throw FileFailure(.write, path, code: error)
        }
    }

    /// Whether SELinux is on, enforcing or not.
    package var hasSELinux: Bool { exists("/sys/fs/selinux/enforce") }
}
