import Glibc
package import SystemPackage

extension FileSystem {
    /// Sets back when a file was last written, following links, where that is less than so long ago.
    package func makeOlder(_ path: FilePath, than age: Duration) throws(FileFailure) {
        var status = stat()
        var now = timespec()
        guard stat(location(of: path).string, &status) == 0, clock_gettime(CLOCK_REALTIME, &now) == 0 else {
            throw FileFailure(.read, path)
        }
        let seconds = Int(age.components.seconds) + 1
        guard now.tv_sec - status.st_mtim.tv_sec < seconds else { return }
        now.tv_sec -= seconds
        guard utimensat(AT_FDCWD, location(of: path).string, [status.st_atim, now], 0) == 0 else {
            throw FileFailure(.write, path)
        }
    }
}
