import FoundationEssentials
import Host
import RelayNode
import SystemPackage

/// All that a proof depends on, as text to compare: Postfix's processes and files, the self-test, and further instances.
struct ProofSubject: Sendable {
    let selfTest: SelfTest
    let files: FileSystem
    let runner: any CommandRunner

    /// The subject as it is now; `nil` where no Postfix runs, or it is just about to load its files.
    func current() throws -> String? {
        let queue = QueueDirectory.current(files)
        guard let processes = PostfixProcesses.current(queue: queue, files: files), let load = processes.load else {
            return nil
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let test = String(decoding: try encoder.encode(selfTest), as: UTF8.self)
        let fingerprint = try LoadedConfiguration(files: files).fingerprint()
        let others = try FurtherInstances(files: files).summary
        let process = "master \(processes.master), queue manager \(load)"
        return "\(process)\n\(fingerprint)\n\(tablesElsewhere)\(test)\n\(others)\n"
    }

    /// The tables outside of Postfix's folder: Postfix goes by a new version of one without a reload.
    private var tablesElsewhere: String {
        let postfix = PostfixFiles(files: files)
        let paths = Set(
            [postfix.mainCf, postfix.masterCf].flatMap {
                TableReference.paths(in: $0, outside: LoadedConfiguration.folder.string)
            }
        )
        return files.fingerprint(ofTables: paths.sorted().map { FilePath($0) })
    }

    /// The subject, once a load that is under way is done.
    func settled() async throws -> String? {
        for look in 0..<20 {
            if let subject = try current() { return subject }
            // Where the old queue manager took the master's word to the new one, there is none until mail comes.
            if look == 3 { await QueueManager(runner: runner).wake() }
            try await Waiting.sleep(for: .milliseconds(100))
        }
        return try current()
    }
}
