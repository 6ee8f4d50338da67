import Glibc
package import SystemPackage

/// A file that could not be read, written or removed.
package struct FileFailure: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Operation: String, Sendable, Equatable {
        case read
        case write
        case remove
        case lock
        case watch
    }

    package let operation: Operation
    package let path: FilePath
    package let code: Errno

    package init(_ operation: Operation, _ path: FilePath, code: Errno) {
        self.operation = operation
        self.path = path
        self.code = code
    }

    /// Takes the reason from errno.
    init(_ operation: Operation, _ path: FilePath) {
        self.init(operation, path, code: Errno(rawValue: errno))
    }

    /// Takes the reason from what a system call's wrapper threw.
    init(_ operation: Operation, _ path: FilePath, _ error: any Error) {
        self.init(operation, path, code: error as? Errno ?? .ioError)
    }

    package var description: String {
        "cannot \(operation.rawValue) \(path): \(code)\(cure)"
    }

    private var cure: String {
        switch code {
        case .tooManyOpenFiles where operation == .watch:
            "; another program holds them (raise fs.inotify.max_user_instances: sysctl fs.inotify.max_user_instances=512)"
        case .noSpace where operation == .watch:
            "; other programs hold them (raise fs.inotify.max_user_watches: sysctl fs.inotify.max_user_watches=65536)"
        case .permissionDenied, .notPermitted: "; run as root (on SELinux hosts, see also: ausearch -m avc -ts recent)"
        case .noSpace: "; free space on that file system (df -h)"
        case .readOnlyFileSystem: "; the file system is mounted read-only (findmnt -T \(path))"
        case .resourceBusy where operation != .lock: "; where it is a mount (findmnt \(path)), run 'umount \(path)'"
        default: ""
        }
    }
}
