import Glibc
package import Host
package import Reconcile
import RelayNode
package import SystemPackage

/// A service together with the files that configure it: changed as one, or not at all.
///
/// A candidate is validated before anything is touched, and the service is seen at work afterwards. Where it is not, the
/// files and the service go back to the newest proven generation, or to what stood there where none was ever proven.
package struct ConfiguredService: Resource {
    let configuration: any ServiceConfiguration
    let services: ServiceBoard
    let files: FileSystem
    let store: GenerationStore
    /// Seconds since 1970.
    let now: @Sendable () -> Int
    private let lookedAt = LookedAt()

    package init(
        _ configuration: any ServiceConfiguration,
        services: ServiceBoard,
        files: FileSystem,
        now: @escaping @Sendable () -> Int = { time(nil) }
    ) {
        self.configuration = configuration
        self.services = services
        self.files = files
        self.now = now
        self.store = GenerationStore(service: configuration.service, paths: configuration.paths, files: files)
    }

    package var name: String { configuration.service.description }

    var writer: ServiceFiles { ServiceFiles(configuration: configuration, files: files) }

    /// The copy of the file that stood at a path before the agent's first change.
    package static func original(of path: FilePath) -> FilePath {
        FilePath("\(path.string).before-smtp-relay-agent")
    }

    /// The copy of a file that `uninstall` makes where it can't tell the agent's text from somebody else's.
    package static func copy(of path: FilePath) -> FilePath { FilePath("\(path.string).after-smtp-relay-agent") }

    /// - Throws: A `FailedChange` or a `PortTaken` where the change is not to be tried now, and all else is as it should be.
    package func check() async throws -> Check {
        lookedAt.note(nil)
        let proven = try store.proven()
        let state = try await services.state(of: configuration.service)
        let edit = try ServiceEdit(configuration, proven: proven, in: files)
        guard let refusal = try refusal(of: edit, proven, state) else { return try compare(edit, proven, state) }
        guard let proven else { throw refusal }
        // Other differences are still repaired, on the proven files.
        let repair = try ServiceEdit(configuration, proven: proven, isRefused: true, in: files)
        guard case .drifted(let drift) = try compare(repair, proven, state) else { throw refusal }
        return .drifted(
            Drift(drift.changes) {
                try await drift.apply()
                throw refusal
            }
        )
    }

    private func compare(_ edit: ServiceEdit, _ proven: Generation?, _ state: ServiceState) throws -> Check {
        let service = configuration.service
        var changes = edit.changedFiles.map(\.change)
        let pending = try store.pendingAction()
        let unloaded = try configuration.unloaded()
        let action = max(edit.action, pending ?? .none, unloaded)
        if !state.isEnabled { changes.append(Change(.service, "enable \(service)")) }
        if !state.isActive {
            changes.append(Change(.service, "start \(service)"))
        } else if action != .none {
            let isAlone = changes.isEmpty && pending == nil
            let reason = isAlone ? ": its files were edited since it read them" : ""
            changes.append(Change(.service, "\(action) \(service)\(reason)"))
        } else if changes.isEmpty, pending != nil {
            changes.append(Change(.service, "see \(service) at work with its changed files"))
        }
        guard !changes.isEmpty else {
            lookedAt.note(edit.states)
            return .inSync
        }
        return .drifted(Drift(changes) { try await apply(edit, action, proven, from: state) })
    }

    /// Remembers that the service works with its files as this pass has looked at or written them. A pass calls it once
    /// everything has passed, the proof of the relay and its health check too.
    package func markProven() throws {
        guard let states = lookedAt.files else { return }
        try store.prove(states)
    }

    /// Whether the service has ever worked on this host.
    package var wasProven: Bool { (try? store.proven()) != nil }

    /// Whether the files stand there as they were last proven.
    package func runsProven() throws -> Bool {
        guard let proven = try store.proven() else { return false }
        return try writer.states().allSatisfy { path, state in proven.files[path].map(state.reads) ?? false }
    }

    /// Why a change is not to be tried now; `nil` where it is.
    private func refusal(
        of edit: ServiceEdit,
        _ proven: Generation?,
        _ state: ServiceState
    ) throws -> (any Error)? {
        guard !edit.changedFiles.isEmpty, edit.bytes != proven?.bytes else { return nil }
        // A service that does not run has nothing to lose by a start that fails, and who holds its ports may be about to go.
        if state.isActive, let holder = strangers(on: edit.newPorts, state, isKnown: proven != nil).first {
            return PortTaken(service: configuration.service, holder: holder, commands: services.commands)
        }
        guard let rejected = try rejected(edit), let failure = rejected.failure,
            !failure.isDue(at: now(), circumstances(edit.newPorts))
        else { return nil }
        return FailedChange(service: configuration.service, failure: failure, kept: kept(rejected))
    }

    private func rejected(_ edit: ServiceEdit) throws -> Generation? {
        try store.rejected().first { $0.bytes == edit.bytes }
    }

    func kept(_ rejected: Generation) -> FilePath {
        let name = Generation.Name(number: rejected.number, verdict: .rejected, pending: .none)
        return store.directory.appending(name.description)
    }

    private func apply(
        _ edit: ServiceEdit,
        _ action: ServiceAction,
        _ proven: Generation?,
        from state: ServiceState,
        tries: Int = 5
    ) async throws {
        guard !edit.changedFiles.isEmpty else { return try await finish(edit, action, proven, from: state) }
        let isProven = edit.bytes == proven?.bytes
        // Files that worked before are put back at once; the service may be about to take up the present ones.
        if !isProven { try await configuration.validate(edit.candidates) }
        for file in edit.changedFiles {
            do {
                _ = try files.editableLocation(of: file.path)
            } catch {
                throw UnmadeChange(change: file.change, reason: error)
            }
        }
        let change: Generation?
        do {
            // The judgement takes a while. A file that was edited meanwhile is judged as well, so that the edit is not
            // lost.
            if let path = try writer.stale(since: edit.states) { throw StaleFile(path: path) }
            change = try begin(edit, action, isProven: isProven)
            try write(edit, change)
        } catch let stale as StaleFile {
            guard tries > 1 else { throw KeepsChanging(path: stale.path) }
            let edit = try ServiceEdit(configuration, proven: proven, in: files)
            if let refusal = try refusal(of: edit, proven, state) { throw refusal }
            return try await apply(edit, max(action, edit.action), proven, from: state, tries: tries - 1)
        }
        do {
            try await bring(into: action, from: state)
        } catch {
            // With the proven files, the fault has another cause. A cancelled pass says nothing about the files.
            guard !isProven, let change, !isEnding(error) else { throw error }
            throw await rollBack(change, to: proven, from: state, because: error, newPorts: edit.newPorts)
        }
        try store.settle()
        lookedAt.note(edit.result)
    }

    /// Brings the service into files that stand there already, in which a pass that was ended may have written them.
    private func finish(
        _ edit: ServiceEdit,
        _ action: ServiceAction,
        _ proven: Generation?,
        from state: ServiceState
    ) async throws {
        do {
            try await bring(into: action, from: state)
        } catch {
            guard let change = try store.unfinished(), change.bytes == edit.bytes, change.bytes != proven?.bytes,
                !isEnding(error)
            else { throw error }
            throw await rollBack(change, to: proven, from: state, because: error, newPorts: edit.newPorts)
        }
        try store.settle()
        lookedAt.note(edit.states)
    }

    private func isEnding(_ error: any Error) -> Bool { error is CancellationError || Task.isCancelled }

    /// Records the change; `nil` where that fails, and the change can be made without a record.
    private func begin(_ edit: ServiceEdit, _ action: ServiceAction, isProven: Bool) throws -> Generation? {
        var before = edit.states
        // Only the record of an unfinished change knows the files before it.
        if let unfinished = try store.unfinished() {
            for (path, state) in unfinished.before where edit.states[path] == unfinished.files[path] {
                before[path] = state
            }
        }
        do {
            let failure = try rejected(edit)?.failure
            return try store.begin(edit.result, before: before, action: action, failure: failure)
        } catch {
            guard isProven else { throw error }
            return nil
        }
    }

    private func write(_ edit: ServiceEdit, _ change: Generation?) throws {
        do {
            for file in edit.changedFiles { try keepOriginal(of: file) }
            var seen = edit.states
            for file in edit.changedFiles {
                guard let link = try provenLink(of: file), try writer.recreatesLink(at: file.path, file.current, link)
                else { continue }
                seen[file.path] = try files.state(of: file.path)
            }
            try writer.write(edit.changedFiles.map { ($0.path, $0.wanted) }, over: seen)
        } catch {
            // The service has not seen it yet. If even that fails, the next pass finds the wanted files.
            if let change, (try? writer.restore(change, to: edit.states)) != nil { try? store.forget(change) }
            throw error
        }
    }

    /// The link that a file was when it last worked.
    private func provenLink(of file: ServiceEdit.ChangedFile) throws -> FileState? {
        guard file.current.kind == .absent, file.wanted.hasText else { return nil }
        return try store.proven()?.files[file.path]
    }

    /// Keeps what stood there before the agent's first change, beside the file, for people to compare and go back to.
    private func keepOriginal(of file: ServiceEdit.ChangedFile) throws {
        let original = Self.original(of: file.path)
        guard file.current.hasText, !file.wasOwn, !files.exists(original) else { return }
        try files.replace(original, with: file.current.bytes, attributes: file.current.attributes)
    }
}

/// A file that is not as it should be, and can't be edited.
package struct UnmadeChange: Error, CustomStringConvertible {
    package let change: Change
    package let reason: UnusableFile

    package var description: String {
        let lines = (change.diff ?? "").split(separator: "\n").filter { line in
            guard let first = line.first, first == "-" || first == "+" else { return false }
            return !line.hasPrefix("---") && !line.hasPrefix("+++")
        }
        let rest = lines.count > Self.limit ? "\n... and \(lines.count - Self.limit) lines more" : ""
        guard !lines.isEmpty else { return "\(reason)" }
        return "\(reason). Wrong (-) and wanted (+):\n"
            + lines.prefix(Self.limit).joined(separator: "\n") + rest
    }

    private static let limit = 10
}

/// Another program writes a file each time that the agent is about to.
package struct KeepsChanging: Error, CustomStringConvertible {
    package let path: FilePath

    package var description: String {
        """
        \(path) is written again and again by another program, each time before the agent's change is made; nothing \
        was changed: stop that program, then run 'smtp-relay-agent reconcile'
        """
    }
}
