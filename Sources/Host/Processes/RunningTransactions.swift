import SystemPackage

/// Package transactions that outlived the pass that began them.
package struct RunningTransactions: Sendable {
    private let files: FileSystem

    package init(files: FileSystem) {
        self.files = files
    }

    /// One that still runs, as an operator would look it up; `nil` where none does.
    package func current() -> String? {
        // Each is looked at once: it may end at any moment, and a lazy sequence would look again.
        for name in (try? files.names(in: Transaction.folders)) ?? [] {
            guard let process = process(in: Transaction.folders.appending(name)) else { continue }
            return FileLocks(files: files).describe(process: process)
        }
        return nil
    }

    /// The program of a folder, where it still runs.
    func process(in folder: FilePath) -> Int32? {
        guard !files.exists(folder.appending("status")), let bytes = try? files.bytes(at: folder.appending("process")),
            let process = Int32(String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace }),
            files.startTime(ofProcess: process) != nil
        else { return nil }
        return process
    }
}
