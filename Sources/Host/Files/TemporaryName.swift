import Glibc
package import SystemPackage

/// The name of a file that is being written: hidden, so that no program reads it in the place of the whole one, with the
/// writer's process, so that a later one knows whether it is still being written, and nobody can guess it.
enum TemporaryName {
    private static let mark = ".smtp-relay-agent"

    static func make(for path: FilePath) -> String {
        let random = String(UInt64.random(in: .min ... .max), radix: 36)
        // With a long name of its own, the file's name has to fit the limit of 255 bytes.
        return ".\((path.lastComponent?.string ?? "root").prefix(60))\(mark)-\(getpid())-\(random)"
    }

    /// The process that writes, or wrote, under a name; `nil` where it is no such name. Older versions put the mark and
    /// the process behind the file's own name.
    static func writer(of name: String) -> Int32? {
        guard let range = name.ranges(of: mark).last else { return nil }
        let words = name[range.upperBound...].split(separator: name.first == "." ? "-" : ".")
        let isOurs = name.first == "." ? words.count == 2 : words.count == 1
        return isOurs && words[0].allSatisfy(\.isNumber) ? Int32(words[0]) : nil
    }
}

extension FileSystem {
    /// Removes what writers that were killed half-way have left in some folders: it may hold a password.
    package func removeLeftovers(in folders: some Sequence<FilePath>) throws(FileFailure) {
        for folder in Set(folders) {
            for name in try names(in: folder) ?? [] {
                guard let writer = TemporaryName.writer(of: name), !isWriting(writer) else { continue }
                try remove(folder.appending(name))
            }
        }
    }

    /// Whether a process lives that may be writing; its number may be another program's since.
    private func isWriting(_ process: Int32) -> Bool {
        if process == getpid() { return true }
        guard kill(process, 0) == 0 || errno == EPERM else { return false }
        // The kernel cuts names after 15 bytes (proc_pid_comm(5)).
        return FileSystem().name(ofProcess: process).map { "smtp-relay-agent".hasPrefix($0) } ?? true
    }
}
