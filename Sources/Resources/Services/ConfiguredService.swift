package import Host
package import Reconcile
import RelayNode
package import SystemPackage
import Vocabulary

/// A service together with the files that configure it: changed as one, or not at all.
///
/// A candidate is validated before anything is touched, the service is seen at work afterwards, and where it is not,
/// the files and the service go back to what they were.
package struct ConfiguredService: Resource {
    private let configuration: any ServiceConfiguration
    private let services: ServiceBoard
    private let files: FileSystem
    private let transaction: ServiceTransaction
    private let proven: ProvenFiles

    package init(_ configuration: any ServiceConfiguration, services: ServiceBoard, files: FileSystem) {
        self.configuration = configuration
        self.services = services
        self.files = files
        self.transaction = ServiceTransaction(
            service: configuration.service,
            paths: configuration.paths,
            files: files
        )
        self.proven = ProvenFiles(service: configuration.service, paths: configuration.paths, files: files)
    }

    package var name: String { configuration.service.description }

    /// Where the file is kept that stood at a path before the agent's first change.
    package static func original(of path: FilePath) -> FilePath {
        FilePath("\(path.string).before-smtp-relay-agent")
    }

    package func check() async throws -> Check {
        let edit = try Self.edit(configuration, proven: proven.bytes(), in: files)
        let service = configuration.service
        let state = try await services.state(of: service)
        var changes = edit.changedFiles.map(\.change)
        var action = max(edit.action, try configuration.unloaded())
        if let interrupted = try transaction.pendingAction() { action = max(action, interrupted) }
        if !state.isEnabled { changes.append(Change(.service, "enable \(service)")) }
        if !state.isActive {
            changes.append(Change(.service, "start \(service)"))
        } else if action != .none {
            let reason = changes.isEmpty ? ": its files were edited since it read them" : ""
            changes.append(Change(.service, "\(action) \(service)\(reason)"))
        }
        guard !changes.isEmpty else { return .inSync }
        return .drifted(Drift(changes) { [action] in try await apply(edit, action: action, from: state) })
    }

    /// Remembers that the service works with its files as this pass has looked at or written them. A pass calls it once
    /// everything has passed, the proof of the relay and its health check too.
    package func markProven() throws { try proven.keep() }

    /// Whether the files stand there as they were last proven.
    package func runsProven() throws -> Bool {
        let proven = try proven.bytes()
        return try !proven.isEmpty && configuration.paths.allSatisfy { try files.file(at: $0)?.bytes == proven[$0] }
    }

    private func apply(_ edit: Edit, action: ServiceAction, from state: ServiceState, tries: Int = 5) async throws {
        guard !edit.changedFiles.isEmpty else {
            try await bring(into: action, from: state)
            return try transaction.finish()
        }
        // What worked before is put back at once; its service may be about to take up what stands there now.
        if !edit.isProven { try await configuration.validate(edit.candidates) }
        // Judging takes a while. What somebody has written meanwhile is not to be lost, so it is judged as well.
        if let path = try edit.staleFile(of: configuration.paths, in: files) {
            guard tries > 1 else { throw KeepsChanging(path: path) }
            let edit = try Self.edit(configuration, proven: proven.bytes(), in: files)
            return try await apply(edit, action: max(action, edit.action), from: state, tries: tries - 1)
        }
        try transaction.begin(action: action, previous: edit.snapshots)
        do {
            for file in edit.changedFiles {
                try keepOriginal(of: file)
                if let bytes = file.bytes {
                    try files.replace(file.path, with: bytes, attributes: file.attributes)
                } else {
                    try files.remove(file.path)
                }
            }
            try await bring(into: action, from: state)
        } catch {
            throw await rollBack(edit, from: state, because: error)
        }
        try transaction.finish()
    }

    /// Enables the service where it isn't, has it take up its files, and sees it at work.
    private func bring(into action: ServiceAction, from state: ServiceState) async throws {
        let service = configuration.service
        try await order { manager in
            if !state.isEnabled { try await manager.enable(service) }
            guard state.isActive else { return try await manager.start(service) }
            switch action {
            case .none: break
            case .reload: try await manager.reload(service)
            case .restart: try await manager.restart(service)
            }
        }
        do {
            try await configuration.probe()
        } catch {
            guard state.isActive, action == .reload, configuration.isCuredByRestart(error) else { throw error }
            try await order { try await $0.restart(service) }
            try await configuration.probe()
        }
    }

    /// Gives the service manager orders after which the service has taken up what stands in its files.
    private func order(_ act: @Sendable (any ServiceManager) async throws -> Void) async throws {
        try await configuration.loading { try await services.change(act) }
    }

    private func rollBack(_ edit: Edit, from state: ServiceState, because cause: any Error) async -> RolledBack {
        let rejected = FilePath("/var/lib/smtp-relay-agent/rejected")
        let service = configuration.service
        do {
            try files.createDirectory(rejected, permissions: FilePermissions(rawValue: 0o700))
            for file in edit.changedFiles {
                guard let bytes = file.bytes else { continue }
                try files.replace(rejected.appending(file.path.name), with: bytes, attributes: file.attributes)
            }
            try transaction.restore()
            try await order { manager in
                if state.isActive { try await manager.restart(service) } else { try await manager.stop(service) }
            }
            try transaction.finish()
            return RolledBack(service: service, cause: cause, rejected: rejected, failure: nil)
        } catch {
            return RolledBack(service: service, cause: cause, rejected: rejected, failure: error)
        }
    }

    /// Keeps what stood there before the agent's first change, beside the file, for people to compare and go back to.
    private func keepOriginal(of file: ChangedFile) throws {
        let original = Self.original(of: file.path)
        guard let snapshot = file.current, snapshot.isRegular, !file.wasOwn, !files.exists(original) else { return }
        try files.replace(original, with: snapshot.bytes, attributes: snapshot.attributes)
    }
}

/// Somebody else writes a file each time that the agent is about to.
package struct KeepsChanging: Error, CustomStringConvertible {
    package let path: FilePath

    package var description: String {
        """
        \(path) is written again and again by another program, each time while the agent's change of it is judged; nothing \
        was changed: stop that program, then run 'smtp-relay-agent reconcile'
        """
    }
}

/// A new configuration did not work, and the old one is back.
package struct RolledBack: Error, CustomStringConvertible {
    package let service: ServiceName
    package let cause: any Error
    /// The folder that holds the files as they were tried.
    package let rejected: FilePath
    /// Why going back did not work either, if so.
    package let failure: (any Error)?

    package var description: String {
        let outcome =
            if let failure {
                "and going back failed as well: \(failure); the next pass tries again"
            } else {
                "so the previous files are back; what was tried is kept in \(rejected)"
            }
        return "\(service) did not work with its new configuration, \(outcome)\n\(cause)"
    }
}
