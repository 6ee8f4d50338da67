import Host
import RelayNode
import SystemPackage

/// Orders that bring a service into its files, and back.
extension ConfiguredService {
    /// Enables the service where it isn't, has it take up its files, and sees it at work.
    func bring(into action: ServiceAction, from state: ServiceState) async throws {
        let service = configuration.service
        try await order { manager in
            if !state.isEnabled { try await manager.enable(service) }
            guard state.isActive else {
                // Failures of before are no reason to leave it down.
                try await manager.forgetFailures(of: service)
                return try await manager.start(service)
            }
            switch action {
            case .none: break
            case .reload: try await manager.reload(service)
            case .restart: try await manager.restart(service)
            }
        }
        do {
            try await configuration.probe()
        } catch {
            if try await !services.freshState(of: service).isActive {
                // Somebody has stopped it, which says nothing about its files, or it has ended by itself, and will again.
                try await order { manager in
                    try await manager.forgetFailures(of: service)
                    try await manager.start(service)
                }
            } else {
                guard state.isActive, action == .reload, configuration.isCuredByRestart(error) else { throw error }
                try await order { try await $0.restart(service) }
            }
            try await configuration.probe()
        }
    }

    /// Gives the service manager orders after which the service has taken up its files.
    private func order(_ act: @Sendable (any ServiceManager) async throws -> Void) async throws {
        try await configuration.loading { try await services.change(act) }
    }

    /// Puts back the files that a change has replaced, and has the service run on them.
    ///
    /// - Parameter newPorts: The ports that the change would have opened.
    func rollBack(
        _ change: Generation,
        to proven: Generation?,
        from state: ServiceState,
        because cause: any Error,
        newPorts: [UInt16]
    ) async -> FailedChange {
        let failure = Generation.Failure(
            tries: (change.failure?.tries ?? 0) + 1,
            time: now(),
            reason: "\(cause)",
            circumstances: circumstances(newPorts)
        )
        var failed = FailedChange(service: configuration.service, failure: failure, kept: kept(change))
        do {
            failed.edited = try writer.restore(change, to: proven?.files ?? change.before)
            // Only now, since a disk that is full keeps nothing from being restored.
            let rejected = try store.give(change, .rejected, pending: max(change.pending, .reload))
            try? store.note(failure, of: rejected)
        } catch {
            failed.goingBack = error
        }
        do {
            try await goBack(after: cause, serves: state.isActive || proven != nil)
            if failed.goingBack == nil { try store.settle() }
        } catch {
            failed.goingBack = failed.goingBack ?? error
        }
        return failed
    }

    /// - Parameter serves: Whether it is to run.
    private func goBack(after cause: any Error, serves: Bool) async throws {
        let service = configuration.service
        let action = configuration.actionBack(after: cause)
        // The state must be the present one.
        try await services.change { _ in }
        let isActive = try await services.state(of: service).isActive
        try await order { manager in
            guard serves else { return try await manager.stop(service) }
            if isActive, action == .reload { return try await manager.reload(service) }
            try await manager.forgetFailures(of: service)
            try await manager.restart(service)
        }
        guard serves, try await !services.state(of: service).isActive else { return }
        try await order { manager in
            try await manager.forgetFailures(of: service)
            try await manager.start(service)
        }
    }

    /// The processes that listen on ports that the service does not have yet.
    ///
    /// - Parameter isKnown: Whether the service's own ports are known: then who can't be seen is somebody else.
    func strangers(on ports: [UInt16], _ state: ServiceState, isKnown: Bool) -> [PortHolder] {
        guard !ports.isEmpty else { return [] }
        return PortHolders(files: files).holders(of: ports).filter { holder in
            guard let process = holder.process else { return isKnown }
            return process != state.mainProcess && !configuration.programs.contains(holder.program)
        }
    }

    /// The circumstances of a change: all that it depends on besides its bytes.
    func circumstances(_ newPorts: [UInt16]) -> String {
        let listening = ListeningSockets(files: files).current()
        let ports = newPorts.map { "\($0) \(listening[$0] == nil ? "free" : "taken")" }
        let paths = configuration.dependencies.map { path in
            let inside = try? files.fingerprint(of: path)
            return "\(path) \(files.modificationTime(of: path) ?? 0) \(inside ?? "")"
        }
        return (ports + paths).joined(separator: "\n")
    }
}
