import AWS
package import AgentLog
import Host
import RelayNode
import Resources
import SystemPackage
import Units

/// Puts the host back to what it was before the agent came.
///
/// The load balancers come first. Each later step can be repeated, so an uninstall that was killed finishes when it is run
/// again. The record of the host as it was is removed after the last step that needs it.
package struct Uninstall: Sendable {
    private let pass: Pass
    private let host: HostAccess
    private let log: StepLog
    private let traces: AgentTraces

    package init(pass: Pass, host: HostAccess, log: StepLog) {
        self.pass = pass
        self.host = host
        self.log = log
        self.traces = AgentTraces(files: host.files)
    }

    /// - Parameter leaves: Whether the node leaves its load balancers first; otherwise it only answers their health checks
    ///   with 503.
    /// - Throws: `StillRegistered` before anything was changed; a `StepFailure`; a `HostLockFailure`.
    package func run(leaves: Bool) async throws {
        guard !traces.all.isEmpty else {
            log.summary("nothing to do: nothing of smtp-relay-agent is on this host\(kept)")
            return
        }
        let copies = try StepFailure.naming("files") { try FilesBefore(traces: traces, log: log).keepCopies() }
        if traces.isOfRelay { try await leave(leaves) }
        let lock = try await host.lockOutPasses(log)
        defer { extendLifetime(lock) }
        try await StepFailure.inStep("units") { try await removeUnits() }
        try await StepFailure.inStep("files") { try restoreFiles() }
        try await StepFailure.inStep("services") { try await restoreServices() }
        tellOfMail()
        try await StepFailure.inStep("state") { try removeState() }
        try await StepFailure.inStep("agent") { try remove([Installation.previous, Installation.program], "agent") }
        let copied = copies.isEmpty ? "" : "; see the copies: \(copies.map(\.string).joined(separator: ", "))"
        log.summary("the host is as it was before smtp-relay-agent; packages stay installed\(kept)\(copied)")
    }

    /// The files that are left on purpose, for the last words.
    private var kept: String {
        let settings = AgentTraces.settings.appending("config.toml")
        let logs = traces.logs.map(\.string).joined(separator: ", ")
        return (host.files.exists(settings) ? "; \(settings) stays, which is yours" : "")
            + (logs.isEmpty ? "" : "; its logs stay: \(logs)")
    }

    /// Takes the node out of its load balancers. Where that fails, it stays or comes back in.
    private func leave(_ leaves: Bool) async throws {
        let orders = DrainOrders(files: host.files)
        let previous = try orders.current()
        // A run that was killed has left: there may be nothing more to lead the queue away from.
        if previous?.reason == .uninstall, previous?.doneAt != nil { return }
        guard leaves else {
            try host.files.remove(FilePath(NginxConfiguration.healthFile))
            log.warning("drain", "the node stays registered with its load balancers, as long as nobody deregisters it")
            return
        }
        let kept = orders.kept()
        // It is the order that counts, also where AWS has ordered the same.
        _ = try await orders.withdraw()
        try orders.give(DrainOrder(.uninstall))
        do {
            _ = try await pass.converge(PassRequest(trigger: "uninstall"))
        } catch {
            if try orders.current()?.doneAt != nil {
                log.warning("drain", "the node has left its load balancers, but: \(error)")
                return
            }
            _ = try await orders.withdraw()
            if previous?.reason != .uninstall { try orders.restore(kept) }
            // The node joins again at once, as far as it can. An error of that is not reported: the person needs the first
            // error. The person has waited for as long as leaving may take.
            let request = PassRequest(trigger: "an uninstall that was given up", waitsInService: false)
            _ = try? await CallDeadline.by(.now + .seconds(10)) { try await pass.converge(request) }
            throw StillRegistered(cause: error)
        }
    }

    private func removeUnits() async throws {
        let names = AgentTraces.units.map { ServiceName($0.name) }
        for (service, state) in try await host.services.states(of: names).sorted(by: { order($0.key) < order($1.key) })
        where state.isInstalled && (state.isActive || state.isStarting || state.isEnabled) {
            let started = ContinuousClock.now
            try await host.services.disable(service)
            log.done("units", "disable and stop \(service)", after: ContinuousClock.now - started)
        }
        let present = traces.unitFiles
        guard !present.isEmpty else { return }
        for name in names { try await host.services.forget(name) }
        try remove(present, "units")
        let dropIns = UnitFiles.path(of: Units.postfixLog).removingLastComponent()
        if try host.files.names(in: dropIns)?.isEmpty == true { try host.files.removeDirectory(dropIns) }
        try await host.services.definitionsChanged()
    }

    private func order(_ service: ServiceName) -> Int {
        AgentTraces.units.firstIndex { $0.name == service.description } ?? 0
    }

    private func restoreFiles() throws {
        try host.files.removeLeftovers(in: traces.folders)
        try FilesBefore(traces: traces, log: log).restore()
        let own = try AgentTraces.configuration.filter { path in
            guard let file = try host.files.file(at: path), file.isRegular else { return false }
            return PostfixTable.isOwn(FileText(file.bytes).string)
        }
        try remove(own, "files")
    }

    private func restoreServices() async throws {
        let before = ServicesBefore(files: host.files).read()
        let states = try await host.services.states(of: ServicesBefore.services)
        for service in ServicesBefore.services {
            guard let state = states[service], state.isInstalled else { continue }
            guard let known = before?.services else {
                log.notice("services", "the state of \(service) before the agent is unknown: it stays as it is")
                if state.isActive { await attempt(service) { try await host.services.restart(service) } }
                continue
            }
            guard let wanted = known["\(service)"] else { continue }
            await attempt(service) { try await bring(service, from: state, to: wanted) }
        }
        if let mailAgent = before?.mailAgent { await restore(mailAgent) }
    }

    /// Brings back the mail transfer agent whose place Postfix took, now that its port is free.
    private func restore(_ mailAgent: MailAgentBefore) async {
        for (name, wanted) in mailAgent.services.sorted(by: { $0.key < $1.key }) {
            let service = ServiceName(name)
            await attempt(service) {
                guard let state = try await host.services.states(of: [service])[service], state.isInstalled else {
                    return
                }
                let started = ContinuousClock.now
                // The state that systemd reports for a script of System V does not show whether it is enabled.
                if wanted.isEnabled { try await host.services.enable(service) }
                if wanted.isActive, !state.isActive { try await host.services.start(service) }
                log.done("services", "\(service) is \(wanted), as it was before", after: ContinuousClock.now - started)
            }
        }
        guard let choice = mailAgent.alternative else { return }
        await attempt(ServiceName("mta")) {
            let started = ContinuousClock.now
            guard try await MailAlternative(files: host.files).restore(choice, host.runner) else { return }
            let what = "alternatives' mta is \(choice.program), as it was before"
            log.done("services", what, after: ContinuousClock.now - started)
        }
    }

    private func bring(_ service: ServiceName, from state: ServiceState, to wanted: ServiceBefore) async throws {
        let started = ContinuousClock.now
        var isActive = state.isActive
        if !wanted.isEnabled, state.isEnabled {
            // This stops it, too.
            try await host.services.disable(service)
            isActive = false
        }
        if wanted.isEnabled, !state.isEnabled { try await host.services.enable(service) }
        if wanted.isActive { try await host.services.restart(service) }
        if !wanted.isActive, isActive { try await host.services.stop(service) }
        log.done("services", "\(service) is \(wanted), as it was before", after: ContinuousClock.now - started)
    }

    /// A service that does not work with what it had before is as it was before, and no reason to keep the rest.
    private func attempt(_ service: ServiceName, _ body: () async throws -> Void) async {
        do {
            try await body()
        } catch {
            log.warning("services", "\(error)")
        }
    }

    private func tellOfMail() {
        guard let counts = try? PostfixQueue(files: host.files).counts(), counts.waiting + counts.hold > 0 else {
            return
        }
        let count = counts.waiting + counts.hold
        log.warning(
            "queue",
            "\(count) \(count == 1 ? "message is" : "messages are") still queued on this host; 'mailq' shows them"
        )
    }

    private func removeState() throws {
        try remove(
            [AgentTraces.environment, AgentTraces.state, AgentTraces.bootState, AgentTraces.keeperLock].filter(
                host.files.exists
            ),
            "state"
        )
        if try host.files.names(in: AgentTraces.settings) == [] { try remove([AgentTraces.settings], "state") }
    }

    private func remove(_ paths: [FilePath], _ step: String) throws {
        for path in paths where host.files.exists(path) {
            try host.files.removeTree(path)
            log.done(step, "remove \(path)", after: .zero)
        }
    }
}

/// The node could not leave its load balancers, so nothing else was done.
package struct StillRegistered: Error, CustomStringConvertible {
    package let cause: any Error

    package var description: String {
        """
        the node could not leave its load balancers, so it goes on as before, and nothing was uninstalled: \(cause)
        Mend that, or run 'smtp-relay-agent uninstall --stay-registered': then the load balancers find it unhealthy, and \
        it has to be deregistered by hand
        """
    }
}
