package import SystemPackage
import Vocabulary

/// The files and folders that living processes use, or that something is mounted at: what a cleaning has to leave.
package struct FilesInUse: Sendable {
    private let uses: [(path: String, user: String)]

    package init(files: FileSystem) {
        var uses: [(path: String, user: String)] = []
        for name in (try? files.names(in: "/proc")) ?? [] {
            guard let process = Int32(name) else { continue }
            let folder = FilePath("/proc/\(process)")
            let open = ((try? files.names(in: folder.appending("fd"))) ?? []).map {
                folder.appending("fd").appending($0)
            }
            let links = ["cwd", "root", "exe"].map { folder.appending($0) } + open
            // A shell reads its script by the path that stands in its command line.
            let words = ((try? files.bytes(at: folder.appending("cmdline"))) ?? []).split(separator: 0)
            let paths = links.compactMap(files.linkTarget) + words.map { String(decoding: $0, as: UTF8.self) }
            for path in paths where path.hasPrefix("/") && path != "/" { uses.append((path, "process \(process)")) }
        }
        let mounts = String(decoding: (try? files.bytes(at: "/proc/self/mounts")) ?? [], as: UTF8.self)
        for line in mounts.split(separator: "\n") {
            let fields = line.split(separator: " ")
            if fields.count > 1 { uses.append((String(fields[1]), "a mount")) }
        }
        self.uses = uses
    }

    /// The user of a path or of something below it; `nil` where nobody uses it.
    package func user(of path: FilePath) -> String? {
        uses.first { $0.path == path.string || $0.path.hasPrefix(path.string + "/") }?.user
    }
}
