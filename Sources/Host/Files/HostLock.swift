import Glibc
package import SystemPackage

/// The lock that lets only one pass at a time run on a host.
///
/// It is a `flock(2)`: the kernel drops it when its holder dies, so it can't go stale.
package struct HostLock: ~Copyable {
    private let descriptor: FileDescriptor

    /// Takes the lock, waiting for another holder.
    ///
    /// - Parameters:
    ///   - path: The lock's file; it is left in place, since removing it would let two processes hold "the" lock.
    ///   - wait: The longest wait.
    ///   - onWait: Called once, with what the holder wrote of itself, when the lock is not free at once.
    /// - Throws: `HostLockFailure` after the wait, or a `FileFailure`.
    package static func acquire(
        _ path: FilePath,
        wait: Duration,
        in files: FileSystem = FileSystem(),
        onWait: (String) -> Void
    ) async throws -> HostLock {
        try files.createDirectory(path.removingLastComponent())
        let deadline = ContinuousClock.now + wait
        var told = false
        while true {
            let lock = try HostLock(opening: path, in: files)
            if try lock.isTaken(path) {
                // If the file was replaced meanwhile, other processes lock the new one.
                guard lock.isStill(at: path, in: files) else { continue }
                lock.tellHolder()
                return lock
            }
            let holder = (try? files.bytes(at: path)).map { String(decoding: $0, as: UTF8.self) } ?? "unknown"
            guard ContinuousClock.now < deadline else {
                throw HostLockFailure(path: path, holder: holder, waited: wait)
            }
            if !told {
                told = true
                onWait(holder)
            }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    /// Opens the lock's file so that only its owner can open it. flock(2) needs only a descriptor, so a user who can read
    /// the file could hold every pass.
    private init(opening path: FilePath, in files: FileSystem) throws(FileFailure) {
        let location = files.location(of: path)
        do {
            _ = try files.clearPlaceOfFile(path)
            try Self.removeForeign(location)
            let descriptor = try FileDescriptor.open(
                location,
                .readWrite,
                // A FIFO that comes at this moment would be waited for.
                options: [.create, .closeOnExec, .noFollow, .nonBlocking],
                permissions: .ownerReadWrite
            )
            do {
                try Self.restrict(descriptor)
            } catch {
                try descriptor.close()
                throw error
            }
            self.descriptor = descriptor
        } catch let failure as FileFailure {
            throw failure
        } catch {
            throw FileFailure(.lock, path, error)
        }
    }

    /// Earlier versions made the file readable.
    private static func restrict(_ descriptor: FileDescriptor) throws(Errno) {
        var status = stat()
        try Errno.check(fstat(descriptor.rawValue, &status))
        guard status.st_mode & 0o7777 != 0o600 else { return }
        try Errno.check(fchmod(descriptor.rawValue, 0o600))
    }

    /// Removes a file that is no lock of this user's: a link, a FIFO, a file of another user.
    private static func removeForeign(_ location: FilePath) throws(Errno) {
        var status = stat()
        guard lstat(location.string, &status) == 0 else { return }
        if status.st_mode & S_IFMT == S_IFREG, status.st_uid == geteuid() { return }
        guard unlink(location.string) == 0 || errno == ENOENT else { throw Errno(rawValue: errno) }
    }

    /// Takes the lock where it is free.
    private borrowing func isTaken(_ path: FilePath) throws(FileFailure) -> Bool {
        while flock(descriptor.rawValue, LOCK_EX | LOCK_NB) != 0 {
            if errno == EWOULDBLOCK { return false }
            guard errno == EINTR else { throw FileFailure(.lock, path) }
        }
        return true
    }

    private borrowing func isStill(at path: FilePath, in files: FileSystem) -> Bool {
        var (own, named) = (stat(), stat())
        return fstat(descriptor.rawValue, &own) == 0 && lstat(files.location(of: path).string, &named) == 0
            && own.st_dev == named.st_dev && own.st_ino == named.st_ino
    }

    private borrowing func tellHolder() {
        let holder = "process \(getpid()): \(CommandLine.arguments.joined(separator: " "))"
        ftruncate(descriptor.rawValue, 0)
        _ = try? descriptor.writeAll(toAbsoluteOffset: 0, holder.utf8)
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
        "another pass has held \(path) for more than \(waited): \(holder); wait for its end, or find out what it does"
    }
}
