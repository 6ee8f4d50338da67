import Host
import Reconcile
import RelayNode
import SystemPackage

extension ConfiguredService {
    /// The difference between a service's files and what they should be.
    struct Edit {
        /// The files as they stand.
        let snapshots: [FilePath: FileSnapshot]
        let changedFiles: [ChangedFile]
        /// All files as they would be.
        let candidates: [FilePath: [UInt8]]
        /// What the service needs to take up the difference.
        let action: ServiceAction
        /// Whether the service was seen at work with these very files before.
        let isProven: Bool

        /// A file that does not stand any more as it was read; `nil` where all do.
        func staleFile(of paths: [FilePath], in files: FileSystem) throws -> FilePath? {
            try paths.first { try files.file(at: $0) != snapshots[$0] }
        }
    }

    /// A file that is not as it should be.
    struct ChangedFile {
        let path: FilePath
        let current: FileSnapshot?
        /// `nil` where it is to go.
        let bytes: [UInt8]?
        let attributes: FileAttributes
        /// Whether what stands there is the agent's own work, or was before somebody changed it.
        let wasOwn: Bool
        let change: Change
    }

    /// Compares the files with what they should be. Mode and owner count too, but need no reload.
    ///
    /// - Parameter proven: The files as they last worked: what stands in for those that are gone.
    static func edit(
        _ configuration: any ServiceConfiguration,
        proven: [FilePath: [UInt8]],
        in files: FileSystem
    ) throws -> Edit {
        var snapshots: [FilePath: FileSnapshot] = [:]
        for path in configuration.paths { snapshots[path] = try files.file(at: path) }
        let found = snapshots.compactMapValues { $0.isRegular ? FileText($0.bytes) : nil }
        let texts = found.merging(proven.mapValues { FileText($0) }) { found, _ in found }
        let current = texts.mapValues(\.string)
        var desired = try configuration.desired(from: current)
        for path in configuration.kept { desired[path] = proven[path].map { FileText($0).string } ?? current[path] }

        var changed: [ChangedFile] = []
        var candidates: [FilePath: [UInt8]] = [:]
        for path in configuration.paths {
            let text = found[path]?.string
            let isOwn = text.map { configuration.isOwn($0, at: path) } ?? false
            let wasOwn = isOwn || proven[path].map { configuration.isOwn(FileText($0).string, at: path) } ?? false
            let bytes = desired[path].map { texts[path]?.encode($0) ?? Array($0.utf8) }
            candidates[path] = bytes
            if bytes == nil, !isOwn { continue }
            guard let change = change(of: path, configuration, from: snapshots[path], text: text, to: desired[path])
            else { continue }
            changed.append(
                ChangedFile(
                    path: path,
                    current: snapshots[path],
                    bytes: bytes,
                    attributes: configuration.attributes(
                        of: path,
                        found: text.flatMap { _ in snapshots[path]?.attributes }
                    ),
                    wasOwn: wasOwn,
                    change: change
                )
            )
        }
        // What is wanted no more goes last, when no other file names it.
        changed = changed.filter { $0.bytes != nil } + changed.filter { $0.bytes == nil }
        var action = try configuration.action(from: current, to: desired)
        // The service may have read what stood in the place of a file that comes back.
        if changed.contains(where: { found[$0.path] == nil }) { action = max(action, .reload) }
        return Edit(
            snapshots: snapshots,
            changedFiles: changed,
            candidates: candidates,
            action: action,
            isProven: candidates == proven
        )
    }

    private static func change(
        of path: FilePath,
        _ configuration: any ServiceConfiguration,
        from snapshot: FileSnapshot?,
        text: String?,
        to wanted: String?
    ) -> Change? {
        if let snapshot, let text, text == wanted {
            let attributes = configuration.attributes(of: path, found: snapshot.attributes)
            guard snapshot.attributes != attributes else { return nil }
            let octal = String(attributes.permissions.rawValue, radix: 8)
            return Change(.file, "set mode \(octal) and owner root on \(path)")
        }
        let isSecret = configuration.secrets.contains(path)
        let diff =
            isSecret ? nil : DiffSecrets.masked(UnifiedDiff.make(from: text, to: wanted ?? "", path: path.string))
        if wanted == nil { return Change(.file, "remove \(path)", diff: diff) }
        if snapshot == nil { return Change(.file, "write \(path)", diff: diff) }
        if text == nil { return Change(.file, "replace \(path), which is not a plain file", diff: diff) }
        return Change(.file, "edit \(path)", diff: diff)
    }
}
