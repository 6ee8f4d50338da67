package import Host
import SystemPackage

/// Postfix's two files as they stand; empty where they can't be read.
package struct PostfixFiles: Sendable {
    private let files: FileSystem

    package init(files: FileSystem) {
        self.files = files
    }

    package var mainCf: String { text(PostfixService.mainCf) }
    package var masterCf: String { text(PostfixService.masterCf) }

    private func text(_ path: FilePath) -> String {
        (try? files.bytes(at: path)).map { FileText($0).string } ?? ""
    }
}
