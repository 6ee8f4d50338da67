import AgentLog
import Host
import RelayNode
import SystemPackage
import Units

@testable import RelayAgent

/// The service manager: what each order makes of the world.
struct ModelServices {
    let world: ModelWorld

    func states() -> [ServiceName: ServiceState] {
        let state = world.now
        var states: [ServiceName: ServiceState] = [:]
        for name in ["postfix", "nginx"] {
            let isActive = name == "postfix" ? state.postfix != nil : state.nginx != nil
            states[ServiceName(name)] = ServiceState(
                isInstalled: world.isInstalled(name),
                isEnabled: state.enabled.contains(name),
                isActive: isActive,
                mainProcess: isActive ? world.process(of: name) : nil
            )
        }
        for name in [ModelWorld.publisher, Units.agent.name, Units.reconcileTimer.name] {
            states[ServiceName(name)] = ServiceState(
                isInstalled: true,
                isEnabled: state.enabled.contains(name),
                isActive: state.units.contains(name)
            )
        }
        return states
    }

    /// - Returns: Whether the service did as told.
    func start(_ name: String) async throws -> Bool {
        switch name {
        case "postfix":
            if world.now.postfix != nil { return true }
            guard world.isInstalled(name), try world.loadPostfix() else { return false }
            if world.now.enabled.contains(ModelWorld.publisher) { _ = try await publish() }
            return true
        case "nginx":
            if world.now.nginx != nil { return true }
            return try world.isInstalled(name) && world.loadNginx(isReload: false)
        case ModelWorld.publisher: return try await publish()
        default:
            world.change { _ = $0.units.insert(name) }
            return true
        }
    }

    func stop(_ name: String) throws {
        switch name {
        case "postfix": try world.endPostfix()
        case "nginx": try world.endNginx()
        default:
            world.change { _ = $0.units.remove(name) }
            if name == ModelWorld.publisher { try world.files.remove(ModelWorld.health) }
        }
    }

    func reload(_ name: String) throws -> Bool {
        guard world.isInstalled(name) else { return false }
        switch name {
        case "postfix": return try world.now.postfix != nil && world.loadPostfix()
        // Its unit does not see what becomes of it.
        case "nginx":
            guard world.now.nginx != nil else { return false }
            _ = try world.loadNginx(isReload: true)
            return true
        default: return true
        }
    }

    /// `postfix reload`, by a person.
    func reloadByHand() throws { _ = try reload("postfix") }

    /// The health unit, with the program's own code: it proves the relay, and writes the file.
    private func publish() async throws -> Bool {
        if world.now.postfix == nil, try await !start("postfix") { return false }
        let edges = ModelEdges(world: world, agent: nil)
        let host = HostAccess(
            files: world.files,
            runner: edges,
            services: NoServiceManager(),
            packages: NoPackages(),
            relay: edges,
            transport: edges
        )
        let log = StepLog(.plain, environment: [:], sink: ModelLog())
        let aws = AWSAccess(environment: [:], transport: edges)
        let publication = HealthPublication(gatherer: ModelAgent.gatherer(world, world.files, aws, log), host: host)
        do {
            try await publication.prove(publishes: true)
            world.change { _ = $0.units.insert(ModelWorld.publisher) }
            return true
        } catch {
            return false
        }
    }
}

extension ModelEdges: ServiceManager {
    private func order(
        _ operation: String,
        _ service: ServiceName,
        _ act: (ModelServices, String) async throws -> Bool
    ) async throws(ServiceFailure) {
        let cause = CommandFailure(Command("systemctl", [operation, "\(service)"]), .timedOut)
        let failure = ServiceFailure(operation: "\(operation) \(service)", cause: cause)
        guard isReached() else { throw failure }
        guard let isDone = try? await act(ModelServices(world: world), service.description), isDone else {
            throw failure
        }
    }

    func states(of services: [ServiceName]) async throws(ServiceFailure) -> [ServiceName: ServiceState] {
        try await order("look at", ServiceName("services")) { _, _ in true }
        return ModelServices(world: world).states().filter { services.contains($0.key) }
    }

    func enable(_ service: ServiceName) async throws(ServiceFailure) {
        try await order("enable", service) { services, name in
            services.world.change { _ = $0.enabled.insert(name) }
            return true
        }
    }

    func disable(_ service: ServiceName) async throws(ServiceFailure) {
        try await order("disable", service) { services, name in
            services.world.change { _ = $0.enabled.remove(name) }
            try services.stop(name)
            return true
        }
    }

    func start(_ service: ServiceName) async throws(ServiceFailure) {
        try await order("start", service) { try await $0.start($1) }
    }

    func startLater(_ service: ServiceName) async throws(ServiceFailure) { try await start(service) }

    func stop(_ service: ServiceName) async throws(ServiceFailure) {
        try await order("stop", service) { services, name in
            try services.stop(name)
            return true
        }
    }

    func reload(_ service: ServiceName) async throws(ServiceFailure) {
        try await order("reload", service) { try $0.reload($1) }
    }

    func restart(_ service: ServiceName) async throws(ServiceFailure) {
        try await order("restart", service) { services, name in
            try services.stop(name)
            return try await services.start(name)
        }
    }

    func isShuttingDown() async -> Bool { false }
    func definitionsChanged() async throws(ServiceFailure) {}
    func forget(_ service: ServiceName) async throws(ServiceFailure) {}
}
