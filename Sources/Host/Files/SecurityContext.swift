import CLinux
import Glibc
import SystemPackage

/// SELinux's label of a file (selinux(8)), by which it decides who may read it.
package struct SecurityContext: Sendable, Equatable {
    private let bytes: [UInt8]

    package init(_ label: String) { self.bytes = Array(label.utf8) + [0] }

    /// What nginx may show, of files in a folder of which the policy does not know that it is a web server's.
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

    /// Labels an open file.
    func give(to descriptor: FileDescriptor) throws(Errno) {
        // A program may be allowed to write files of a label, and not to relabel any.
        var buffer = [UInt8](repeating: 0, count: Self.limit)
        let count = fgetxattr(descriptor.rawValue, Self.attribute, &buffer, buffer.count)
        if count > 0, Array(buffer[..<count]) == bytes { return }
        try Errno.check(fsetxattr(descriptor.rawValue, Self.attribute, bytes, bytes.count, 0))
    }
}

extension FileSystem {
    /// Whether SELinux is on, enforcing or not.
    package var hasSELinux: Bool { exists("/sys/fs/selinux/enforce") }
}
