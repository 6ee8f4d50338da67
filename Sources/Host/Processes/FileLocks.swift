import Glibc
package import SystemPackage
import Vocabulary

/// The process that holds a lock on a file, from `/proc/locks` (proc_locks(5)).
package struct FileLocks: Sendable {
    private let files: FileSystem

    package init(files: FileSystem) {
        self.files = files
    }

    /// The process that holds a lock on one of the files; `nil` where none does.
    package func holder(of paths: [FilePath]) -> String? {
        processes(holding: paths).first.map { describe(process: $0) }
    }

    /// The processes that hold a lock on one of the files.
    func processes(holding paths: [FilePath]) -> [Int32] {
        guard let table = try? files.bytes(at: "/proc/locks") else { return [] }
        let entries = String(decoding: table, as: UTF8.self).split(separator: "\n").compactMap(LockEntry.init)
        return paths.flatMap { path -> [Int32] in
            var status = stat()
            guard stat(files.location(of: path).string, &status) == 0 else { return [] }
            return entries.filter { $0.inode == status.st_ino && $0.process > 0 }.map(\.process)
        }
    }

    /// A process by its number and command line, as an operator would look it up.
    package func describe(process: Int32) -> String {
        guard let bytes = try? files.bytes(at: FilePath("/proc/\(process)/cmdline")), !bytes.isEmpty else {
            return "process \(process)"
        }
        let words = bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
        return "process \(process) (\(words.joined(separator: " ").prefix(120).escapedForDisplay))"
    }
}

/// A line of `/proc/locks`: `1: POSIX  ADVISORY  WRITE 3568 fd:00:2531452 0 EOF`.
private struct LockEntry {
    let process: Int32
    let inode: UInt

    init?(_ line: Substring) {
        let fields = line.split(separator: " ")
        // A waiting process has "->" in the second place, and is not the holder.
        guard fields.count >= 6, fields[1] != "->", let process = Int32(fields[4]),
            let inode = fields[5].split(separator: ":").last.flatMap({ UInt($0) })
        else { return nil }
        self.process = process
        self.inode = inode
    }
}
