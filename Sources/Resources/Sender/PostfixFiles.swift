package import Host
import RelayNode
import SystemPackage

/// Postfix's two files as they stand.
package struct PostfixFiles: Sendable {
    private let files: FileSystem

    package init(files: FileSystem) {
        self.files = files
    }

    /// Empty where it can't be read.
    package var mainCf: String { text(PostfixService.mainCf) }
    /// Empty where it can't be read.
    package var masterCf: String { text(PostfixService.masterCf) }

    /// - Throws: `FileFailure`.
    func readMainCf() throws -> MainCf { MainCf(FileText(try files.bytes(at: PostfixService.mainCf)).string) }

    /// - Throws: `FileFailure`.
    func readMasterCf() throws -> MasterCf { MasterCf(FileText(try files.bytes(at: PostfixService.masterCf)).string) }

    private func text(_ path: FilePath) -> String {
        (try? files.bytes(at: path)).map { FileText($0).string } ?? ""
    }
}
