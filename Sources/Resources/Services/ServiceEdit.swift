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
    }

    /// A file that is not as it should be.
    struct ChangedFile {
        let path: FilePath
        let current: FileSnapshot?
        let bytes: [UInt8]
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
        let desired = try configuration.desired(from: current)

        var changed: [ChangedFile] = []
        var candidates: [FilePath: [UInt8]] = [:]
        for path in configuration.paths {
            guard let wanted = desired[path] else { continue }
            let bytes = texts[path]?.encode(wanted) ?? Array(wanted.utf8)
            candidates[path] = bytes
            guard let change = change(of: path, from: snapshots[path], text: found[path]?.string, to: wanted) else {
                continue
            }
            changed.append(ChangedFile(path: path, current: snapshots[path], bytes: bytes, change: change))
        }
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
        from snapshot: FileSnapshot?,
        text: String?,
        to wanted: String
    ) -> Change? {
        if let snapshot, text == wanted {
            let attributes = FileAttributes()
            guard snapshot.attributes != attributes else { return nil }
            let octal = String(attributes.permissions.rawValue, radix: 8)
            return Change(.file, "set mode \(octal) and owner root on \(path)")
        }
        let diff = UnifiedDiff.make(from: text, to: wanted, path: path.string)
        if snapshot == nil { return Change(.file, "write \(path)", diff: diff) }
        if text == nil { return Change(.file, "replace \(path), which is not a plain file", diff: diff) }
        return Change(.file, "edit \(path)", diff: diff)
    }
}
