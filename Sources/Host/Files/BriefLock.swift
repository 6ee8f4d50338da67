import Glibc
package import SystemPackage

extension FileSystem {
    /// Does something that takes milliseconds while no other process does the same.
    ///
    /// - Parameter path: The lock's file. It stays in place.
    /// - Note: The body runs in any case: after a second, a lock is no longer waited for.
    package func withBriefLock<Result>(_ path: FilePath, _ body: () throws -> Result) throws -> Result {
        let options: FileDescriptor.OpenOptions = [.create, .closeOnExec, .noFollow, .nonBlocking]
        let descriptor = try? FileDescriptor.open(
            location(of: path),
            .readWrite,
            options: options,
            permissions: .ownerReadWrite
        )
        guard let descriptor else { return try body() }
        return try descriptor.closeAfter {
            var tries = 0
            while flock(descriptor.rawValue, LOCK_EX | LOCK_NB) != 0, tries < 200 {
                usleep(5000)
                tries += 1
            }
            return try body()
        }
    }
}
