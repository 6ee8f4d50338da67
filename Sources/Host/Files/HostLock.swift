import Glibc
package import SystemPackage

/// The lock that lets one pass at a time run on a host, whoever starts it.
///
/// It is a `flock(2)`: the kernel drops it when its holder dies, so it can't go stale.
package struct HostLock: ~Copyable {
    private let descriptor: FileDescriptor

    /// Takes the lock, waiting for another holder.
    ///
    /// - Parameters:
    ///   - path: The lock's file; it is left in place, since removing it would let two processes hold "the" lock.
    ///   - wait: How long to wait at most.
    ///   - onWait: Called once, with what the holder wrote of itself, when the lock is not free at once.
    /// - Throws: `HostLockFailure` after the wait, or a `FileFailure`.
    package static func acquire(
        _ path: FilePath,
        wait: Duration,
        in files: FileSystem = FileSystem(),
        onWait: (String) -> Void
    ) async throws -> HostLock {
        try files.createDirectory(path.removingLastComponent())
        let descriptor: FileDescriptor
        do {
            descriptor = try FileDescriptor.open(
                files.location(of: path),
                .readWrite,
                options: [.create, .closeOnExec, .noFollow],
                permissions: .worldReadable
            )
        } catch {
            throw FileFailure(.lock, path, error)
        }
        let deadline = ContinuousClock.now + wait
        var told = false
        while flock(descriptor.rawValue, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK || errno == EINTR else {
                let failure = FileFailure(.lock, path)
                try? descriptor.close()
                throw failure
            }
            let holder = (try? files.bytes(at: path)).map { String(decoding: $0, as: UTF8.self) } ?? "unknown"
            guard ContinuousClock.now < deadline else {
                try? descriptor.close()
                throw HostLockFailure(path: path, holder: holder, waited: wait)
            }
            if !told {
                told = true
                onWait(holder)
            }
            try await Task.sleep(for: .milliseconds(100))
        }
        let holder = "process \(getpid()): \(CommandLine.arguments.joined(separator: " "))"
        ftruncate(descriptor.rawValue, 0)
        _ = try? descriptor.writeAll(toAbsoluteOffset: 0, holder.utf8)
        return HostLock(descriptor: descriptor)
    }

    private init(descriptor: FileDescriptor) {
        self.descriptor = descriptor
    }

    deinit {
        try? descriptor.close()
    }
}

/// Another process held the lock for longer than there was time to wait.
package struct HostLockFailure: Error, CustomStringConvertible {
    package let path: FilePath
    package let holder: String
    package let waited: Duration

    package var description: String {
        "another pass holds \(path) since before \(waited): \(holder); wait for it, or look at what it is doing"
    }
}
