import Glibc
package import SystemPackage

extension FileSystem {
    /// A text that changes with the files of a folder and of the folders in it: names, sizes, times and inodes, one
    /// file a line. A link counts as the file that it leads to.
    package func fingerprintOfTree(_ folder: FilePath) throws(FileFailure) -> String {
        var lines: [String] = []
        try addFingerprints(of: folder, prefix: "", depth: 0, to: &lines)
        return lines.joined(separator: "\n")
    }

    /// Identifies the current versions of Postfix's tables and of the files that postmap(1) makes from them, one file a line.
    package func fingerprint(ofTables paths: [FilePath]) -> String {
        var lines = ""
        for path in paths {
            for suffix in ["", ".db", ".lmdb", ".cdb"] {
                let file = FilePath("\(path)\(suffix)")
                var status = stat()
                guard stat(location(of: file).string, &status) == 0 else { continue }
                lines += "\(file) \(line(of: status))\n"
            }
        }
        return lines
    }

    private func line(of status: stat) -> String {
        "\(status.st_size) \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec) \(status.st_dev) \(status.st_ino)"
    }

    private func addFingerprints(
        of folder: FilePath,
        prefix: String,
        depth: Int,
        to lines: inout [String]
    ) throws(FileFailure) {
        for name in try names(in: folder) ?? [] {
            let path = folder.appending(name)
            var status = stat()
            guard stat(location(of: path).string, &status) == 0 else {
                lines.append("\(prefix)\(name) leads nowhere")
                continue
            }
            if status.st_mode & S_IFMT == S_IFDIR {
                if depth < Self.deepest {
                    try addFingerprints(of: path, prefix: "\(prefix)\(name)/", depth: depth + 1, to: &lines)
                }
                continue
            }
            lines.append("\(prefix)\(name) \(line(of: status))")
        }
    }

    /// Links may lead in a circle.
    private static let deepest = 3
}
