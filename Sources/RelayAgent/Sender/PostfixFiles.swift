import Host
import SystemPackage

/// Postfix's two files as they stand; empty where they can't be read.
struct PostfixFiles: Sendable {
    let files: FileSystem

    var mainCf: String { text("/etc/postfix/main.cf") }
    var masterCf: String { text("/etc/postfix/master.cf") }

    private func text(_ path: FilePath) -> String {
        (try? files.bytes(at: path)).map { FileText($0).string } ?? ""
    }
}
