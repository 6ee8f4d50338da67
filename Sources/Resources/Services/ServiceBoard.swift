package import Host

/// The states of all services of the node, asked for in one question and kept until something changes them.
package actor ServiceBoard {
    private let manager: any ServiceManager
    private let services: [ServiceName]
    private let others: [ServiceName]
    private var states: [ServiceName: ServiceState]?

    /// The commands by which a person gives the service manager orders.
    nonisolated var commands: any ServiceCommands { manager.commands }

    /// - Parameters:
    ///   - services: The node's own.
    ///   - others: Further services that will be asked about.
    package init(manager: any ServiceManager, services: [ServiceName], others: [ServiceName] = []) {
        self.manager = manager
        self.services = services
        self.others = others
    }

    /// The states of the node's own services.
    package func all() async throws -> [ServiceName: ServiceState] {
        try await known().filter { services.contains($0.key) }
    }

    private func known() async throws -> [ServiceName: ServiceState] {
        if let states { return states }
        let fresh = try await manager.states(of: services + others)
        states = fresh
        return fresh
    }

    /// A service's state, as it was when it was last looked at since the last change.
    package func state(of service: ServiceName) async throws -> ServiceState {
        try await known()[service] ?? .unknown
    }

    /// The same, asked for now.
    func freshState(of service: ServiceName) async throws -> ServiceState {
        states = nil
        // A manager that remembers its answers knows nothing of a service without a process.
        await manager.forgetStates()
        return try await state(of: service)
    }

    /// Gives the services an order; the remembered states are out of date then, also if it fails.
    package func change(_ act: @Sendable (any ServiceManager) async throws -> Void) async throws {
        defer { states = nil }
        try await act(manager)
    }
}
