import Host
import RelayNode
import SystemPackage

/// The records that versions before the generations kept of a service: its files as they last worked, a change that was
/// under way, and the rejected files. They are read until the first generation is proven.
struct FormerStores {
    private let provenFolder: FilePath
    private let transactionFolder: FilePath
    private let rejectedFolder: FilePath
    private let paths: [FilePath]
    private let files: FileSystem

    init(state: FilePath, service: ServiceName, paths: [FilePath], files: FileSystem) {
        self.provenFolder = state.appending("proven").appending(service.description)
        self.transactionFolder = state.appending("transactions").appending(service.description)
        self.rejectedFolder = state.appending("rejected")
        self.paths = paths
        self.files = files
    }

    /// The files as they last worked. Their modes and owners were not kept, so they have those of what stands there.
    func proven() throws -> Generation? {
        guard files.exists(provenFolder) else { return nil }
        var states: [FilePath: FileState] = [:]
        for path in paths {
            guard let copy = try files.file(at: copy(of: path)) else {
                states[path] = .absent
                continue
            }
            let found = try files.state(of: path)
            let attributes = found.hasText ? found.attributes : FileAttributes()
            states[path] = FileState(.file, attributes: attributes, bytes: copy.bytes)
        }
        guard states.values.contains(where: \.hasText) else { return nil }
        return Generation(number: 0, verdict: .proven, files: states)
    }

    /// The action that an unfinished change still needs; `nil` where there is none.
    func pendingAction() throws -> ServiceAction? {
        guard let marker = try files.file(at: transactionFolder.appending("action")) else { return nil }
        return ServiceAction(rawValue: String(decoding: marker.bytes, as: UTF8.self)) ?? .restart
    }

    /// Such a change is done.
    func finish() throws { try remove(transactionFolder) }

    func remove() throws {
        for folder in [provenFolder, transactionFolder] { try remove(folder) }
        if files.exists(rejectedFolder) { try files.removeTree(rejectedFolder) }
    }

    private func remove(_ folder: FilePath) throws {
        if files.exists(folder) { try files.removeTree(folder) }
        let parent = folder.removingLastComponent()
        if try files.names(in: parent)?.isEmpty == true { try files.removeDirectory(parent) }
    }

    private func copy(of path: FilePath) -> FilePath { provenFolder.appending(path.lastComponent?.string ?? "") }
}
