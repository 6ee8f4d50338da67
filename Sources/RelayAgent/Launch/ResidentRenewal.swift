import AgentLog
import Host
import Reconcile
import Resources
import Units

/// Has the resident agent be the program that is installed, where it runs another one: before the first pass of the new
/// one, or each would undo what the other writes of the agent's own units.
///
/// A mere restart leaves the node where it is: it leaves its load balancers only where the system goes down.
struct ResidentRenewal: Sendable {
    let host: HostAccess
    let log: StepLog

    /// - Throws: A `ServiceFailure`, or a `FileFailure`.
    func renew() async throws {
        for service in [Units.agent, Units.watch].map({ ServiceName($0.name) }) { try await renew(service) }
    }

    private func renew(_ service: ServiceName) async throws {
        guard let state = try await host.services.states(of: [service])[service], let process = state.mainProcess,
            Installation(files: host.files).isOutdated(process)
        else { return }
        let started = ContinuousClock.now
        // It starts by its own units.
        let present = AgentTraces.units.filter { host.files.exists(UnitFiles.path(of: $0)) }
        let board = ServiceBoard(manager: host.services, services: [])
        let units = UnitFiles(present, enabled: [], running: [], stopped: [], services: board, files: host.files)
        if case .drifted(let drift) = try await units.check() { try await drift.apply() }
        try await host.services.restart(service)
        let what = "restart \(service) with the program that is installed now"
        log.done("agent", what, after: ContinuousClock.now - started)
    }
}
