import Host
import Reconcile
import RelayNode
import SystemPackage

/// The difference between a service's files and their wanted state.
struct ServiceEdit {
    /// A file that is not as it should be.
    struct ChangedFile {
        let path: FilePath
        let current: FileState
        /// Absent where it is to go.
        let wanted: FileState
        /// Whether the file is the agent's own work, or was before an edit.
        let wasOwn: Bool
        let change: Change
    }

    /// The files as they stand.
    let states: [FilePath: FileState]
    let changedFiles: [ChangedFile]
    /// The state of each path once they are written.
    let result: [FilePath: FileState]
    /// All files that are wanted, for their judge.
    let candidates: [FilePath: [UInt8]]
    /// The action that the service needs to take up the difference.
    let action: ServiceAction
    /// The TCP ports that neither the files as they stand nor the proven ones have; none where nothing is to change.
    let newPorts: [UInt16]

    /// The bytes that are to be read at each path.
    var bytes: [FilePath: [UInt8]] { result.filter { $0.value.hasText }.mapValues(\.bytes) }

    /// Compares the files with their wanted state. Mode and owner count too, but need no reload.
    ///
    /// - Parameters:
    ///   - proven: The files as they last worked: what stands in for those that are gone.
    ///   - isRefused: Whether the change that the settings ask for is out of question: then only what it has nothing to do
    ///     with is put right.
    init(
        _ configuration: any ServiceConfiguration,
        proven: Generation?,
        isRefused: Bool = false,
        in files: FileSystem
    ) throws {
        let states = try ServiceFiles(configuration: configuration, files: files).states()
        let found = states.filter { $0.value.hasText }.mapValues { FileText($0.bytes) }
        let known = (proven?.bytes ?? [:]).filter { configuration.paths.contains($0.key) }.mapValues { FileText($0) }
        // A file that the service can't read comes back as it last worked, like a missing one.
        let readable = found.filter { known[$0.key] == nil || configuration.isReadable($0.value.string, at: $0.key) }
        let texts = readable.merging(known) { found, _ in found }
        let current = texts.mapValues(\.string)
        let knownTexts = known.mapValues(\.string)
        func desired(from texts: [FilePath: String]) throws -> [FilePath: String] {
            var desired = try configuration.desired(from: texts)
            for path in configuration.kept { desired[path] = knownTexts[path] ?? texts[path] }
            return desired
        }
        var wanted: [FilePath: String]
        do {
            wanted = try desired(from: current)
        } catch {
            // A link that leads nowhere is why there is no text.
            for path in configuration.paths where states[path]?.kind == .other {
                _ = try files.editableLocation(of: path)
            }
            throw error
        }
        if isRefused {
            let refused = try desired(from: knownTexts)
            for path in configuration.paths where refused[path] != knownTexts[path] {
                // A text that somebody has added stays.
                wanted[path] = wanted[path] == refused[path] ? knownTexts[path] : current[path]
            }
        }

        var changed: [ChangedFile] = []
        var candidates: [FilePath: [UInt8]] = [:]
        var result = states
        for path in configuration.paths {
            let state = states[path] ?? .absent
            let text = found[path]?.string
            let isOwn = text.map { configuration.isOwn($0, at: path) } ?? false
            let wasOwn = isOwn || knownTexts[path].map { configuration.isOwn($0, at: path) } ?? false
            let bytes = wanted[path].map { texts[path]?.encode($0) ?? Array($0.utf8) }
            candidates[path] = bytes
            if bytes == nil, !isOwn { continue }
            let attributes = Self.attributes(of: path, configuration, state)
            guard let change = Self.change(of: path, configuration, from: state, text, to: wanted[path], attributes)
            else { continue }
            let isLink = state.kind == .link
            let new = bytes.map {
                FileState(
                    isLink ? .link : .file,
                    attributes: attributes,
                    target: isLink ? state.target : nil,
                    bytes: $0
                )
            }
            result[path] = new ?? .absent
            changed.append(
                ChangedFile(path: path, current: state, wanted: new ?? .absent, wasOwn: wasOwn, change: change)
            )
        }
        // Files that are not wanted any more go last, when no other file names them.
        changed = changed.filter(\.wanted.hasText) + changed.filter { !$0.wanted.hasText }
        var action = try configuration.action(from: current, to: wanted)
        // The service may have read what stood in the place of a file that comes back.
        if changed.contains(where: { readable[$0.path] == nil }) { action = max(action, .reload) }
        self.states = states
        self.changedFiles = changed
        self.result = result
        self.candidates = candidates
        self.action = action
        self.newPorts =
            changed.isEmpty ? [] : Self.newPorts(of: configuration, found, proven.map { _ in known }, wanted)
    }

    private static func newPorts(
        of configuration: any ServiceConfiguration,
        _ found: [FilePath: FileText],
        _ proven: [FilePath: FileText]?,
        _ wanted: [FilePath: String]
    ) -> [UInt16] {
        let provenPorts = proven.map { configuration.newPorts(from: $0.mapValues(\.string), to: wanted) }
        return configuration.newPorts(from: found.mapValues(\.string), to: wanted).filter {
            provenPorts?.contains($0) ?? true
        }
    }

    /// A link's mode and owner are those of the operator's file, but not of a secret one.
    private static func attributes(
        of path: FilePath,
        _ configuration: any ServiceConfiguration,
        _ state: FileState
    ) -> FileAttributes {
        if state.kind == .link, !configuration.secrets.contains(path) { return state.attributes }
        return configuration.attributes(of: path, found: state.hasText ? state.attributes : nil)
    }

    /// The difference as it may be shown; `nil` where only secrets differ.
    private static func diff(from text: String?, to wanted: String, _ path: FilePath) -> String? {
        let (before, after) = (text.map(DiffSecrets.masked), DiffSecrets.masked(wanted))
        return before == after ? nil : UnifiedDiff.make(from: before, to: after, path: path.string)
    }

    private static func change(
        of path: FilePath,
        _ configuration: any ServiceConfiguration,
        from state: FileState,
        _ text: String?,
        to wanted: String?,
        _ attributes: FileAttributes
    ) -> Change? {
        if let text, text == wanted {
            guard state.attributes != attributes else { return nil }
            let octal = String(attributes.permissions.rawValue, radix: 8)
            return Change(.file, "set mode \(octal) and owner root on \(path)")
        }
        let isSecret = configuration.secrets.contains(path)
        let diff = isSecret ? nil : Self.diff(from: text, to: wanted ?? "", path)
        if wanted == nil { return Change(.file, "remove \(path)", diff: diff) }
        if state.kind == .absent { return Change(.file, "write \(path)", diff: diff) }
        return Change(.file, "edit \(path)", diff: diff)
    }
}
