import Host
import SystemPackage

/// The files of a service, written so that no edit of another program is lost, and links stay links.
struct ServiceFiles {
    let configuration: any ServiceConfiguration
    let files: FileSystem

    /// The present state of each path.
    func states() throws -> [FilePath: FileState] {
        var states: [FilePath: FileState] = [:]
        for path in configuration.paths { states[path] = try files.state(of: path) }
        return states
    }

    /// A path that does not stand any more as it was seen; `nil` where all do.
    func stale(since seen: [FilePath: FileState]) throws -> FilePath? {
        try configuration.paths.first { try files.state(of: $0) != seen[$0] }
    }

    /// Writes files in their order.
    ///
    /// The new bytes of all are on the disk before the first is put in its place, so that a full disk changes nothing.
    ///
    /// - Throws: `StaleFile` where one does not stand any more as it was seen; `UnusableFile`; a `FileFailure`.
    func write(_ wanted: [(path: FilePath, state: FileState)], over seen: [FilePath: FileState]) throws {
        var staged: [FilePath: StagedFile] = [:]
        defer { for file in staged.values { file.discard() } }
        for (path, state) in wanted where state.hasText {
            staged[path] = try files.stageThroughLinks(path, state.bytes, attributes: state.attributes)
        }
        for (path, _) in wanted {
            guard try files.state(of: path) == seen[path] else { throw StaleFile(path: path) }
            if let file = staged.removeValue(forKey: path) { try file.commit() } else { try remove(path) }
        }
    }

    /// Puts files back that a change has written, and that still read so.
    ///
    /// - Parameter target: The wanted state of each path; a path that it does not name stays as it is.
    /// - Returns: The paths that somebody else has written since, which stay.
    func restore(_ change: Generation, to target: [FilePath: FileState]) throws -> [FilePath] {
        var edited: [FilePath] = []
        var restored: [(path: FilePath, state: FileState)] = []
        var seen: [FilePath: FileState] = [:]
        for path in configuration.paths {
            guard let written = change.files[path], let wanted = target[path] else { continue }
            let current = try files.state(of: path)
            if current == wanted { continue }
            guard current.reads(as: written), current.target == written.target else {
                edited.append(path)
                continue
            }
            // A mode or owner that differs from the change's is an edit as well.
            let isTouched = current.hasText && current.attributes != written.attributes
            let attributes = isTouched ? current.attributes : self.attributes(of: path, wanted)
            if try recreatesLink(at: path, current, wanted) {
                seen[path] = try files.state(of: path)
            } else {
                seen[path] = current
            }
            if wanted.hasText || current.hasText {
                restored.append((path, FileState(wanted.kind, attributes: attributes, bytes: wanted.bytes)))
            }
        }
        // Files that no other file names any more go last.
        try write(restored.filter(\.state.hasText) + restored.filter { !$0.state.hasText }, over: seen)
        return edited
    }

    /// Puts a link back that is gone, where there still is the file that it led to.
    func recreatesLink(at path: FilePath, _ current: FileState, _ wanted: FileState) throws -> Bool {
        guard current.kind == .absent, wanted.kind == .link, let target = wanted.target else { return false }
        try files.replace(path, withLinkTo: target)
        if (try? files.editableLocation(of: path)) != nil { return true }
        try files.remove(path)
        return false
    }

    private func attributes(of path: FilePath, _ wanted: FileState) -> FileAttributes {
        configuration.secrets.contains(path)
            ? configuration.attributes(of: path, found: wanted.attributes) : wanted.attributes
    }

    /// Removes a file that is the agent's own; where it is a link, what it leads to is the agent's own as well.
    private func remove(_ path: FilePath) throws {
        if files.linkTarget(of: path) != nil { try files.remove(try files.editableLocation(of: path)) }
        try files.remove(path)
    }
}

/// Another program has written a file since it was read.
struct StaleFile: Error {
    let path: FilePath
}
