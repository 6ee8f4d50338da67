import Host
import RelayNode
import SystemPackage

/// The record of a configuration change that is under way, kept on disk until the service was seen at work with it.
///
/// A pass that is killed half-way leaves it behind. The next pass then knows that the service may not have taken up
/// what is in its files, and which files worked before.
struct ServiceTransaction {
    private let directory: FilePath
    private let paths: [FilePath]
    private let files: FileSystem

    init(service: ServiceName, paths: [FilePath], files: FileSystem) {
        self.directory = FilePath("/var/lib/smtp-relay-agent/transactions").appending(service.description)
        self.paths = paths
        self.files = files
    }

    /// What the interrupted change still needs; `nil` if none is under way.
    func pendingAction() throws -> ServiceAction? {
        guard let marker = try files.file(at: directory.appending(Self.marker)) else { return nil }
        return String(decoding: marker.bytes, as: UTF8.self) == "reload" ? .reload : .restart
    }

    /// Writes down the files as they are, before the first of them is changed.
    ///
    /// What an interrupted change wrote down stays: the files are half-changed since, and it knows the whole ones.
    func begin(action: ServiceAction, previous: [FilePath: FileSnapshot]) throws {
        try files.createDirectory(directory, permissions: FilePermissions(rawValue: 0o700))
        if try pendingAction() == nil {
            for path in paths {
                let copy = directory.appending(path.name)
                if let snapshot = previous[path] {
                    try files.replace(copy, with: snapshot.bytes, attributes: snapshot.attributes)
                } else {
                    try files.remove(copy)
                }
            }
        }
        // The marker comes last: without it the copies count for nothing.
        let word = action == .reload ? "reload" : "restart"
        try files.replace(directory.appending(Self.marker), with: Array(word.utf8), attributes: FileAttributes())
    }

    /// Puts the files back as they were written down.
    func restore() throws {
        for path in paths {
            if let copy = try files.file(at: directory.appending(path.name)) {
                try files.replace(path, with: copy.bytes, attributes: copy.attributes)
            } else {
                try files.remove(path)
            }
        }
    }

    /// The change is done or undone.
    func finish() throws {
        // The marker goes first, so that a crash in between leaves copies without a meaning, not a marker without copies.
        try files.remove(directory.appending(Self.marker))
        try files.removeDirectory(directory)
    }

    private static let marker = "action"
}

extension FilePath {
    /// The last component, as a name for a copy elsewhere.
    var name: String { lastComponent?.string ?? "root" }
}
