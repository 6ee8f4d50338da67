import AWS
package import AgentLog
import Doctor
import Host
package import Reconcile
import Resources
import SystemPackage
package import Vocabulary

/// A pass over the node: gather, compare, put right.
package struct Pass: Sendable {
    private let preparation: PassPreparation
    private let host: HostAccess
    private let aws: AWSAccess
    let log: StepLog

    var orders: DrainOrders { DrainOrders(files: host.files) }

    /// Held while a pass is under way, whoever started it.
    static let lock: FilePath = "/run/smtp-relay-agent/lock"

    package init(gatherer: Gatherer, host: HostAccess, aws: AWSAccess, log: StepLog) {
        self.preparation = PassPreparation(
            gatherer: gatherer,
            host: host,
            aws: aws,
            log: log,
            passwords: UpstreamPasswords(files: host.files, log: log),
            keys: SigningKeys(files: host.files, log: log)
        )
        self.host = host
        self.aws = aws
        self.log = log
    }

    /// Converges the node, one pass at a time on the host.
    ///
    /// - Throws: A `StepFailure`, a `HostLockFailure`, or a `FileFailure` of what the agent keeps.
    @discardableResult
    package func converge(_ request: PassRequest) async throws -> PassOutcome {
        let lock = try await HostLock.acquire(Self.lock, wait: .seconds(600), in: host.files) { holder in
            log.notice("lock", "another pass is under way: \(holder)")
        }
        defer { extendLifetime(lock) }
        do {
            for line in try OwnFiles(files: host.files).clear() { log.warning("files", line) }
            try host.files.removeLeftovers(in: AgentTraces(files: host.files).folders)
        } catch {
            log.warning("files", "\(error)")
        }
        let record = PassRecord(request.trigger, files: host.files)
        do {
            // The resident agent comes again soon. Whoever else makes a pass wants its end.
            let tries = request.agent == nil ? nil : CallPatience.short
            let outcome = try await CallPatience.limited(to: tries) {
                try await FleetFallback(store: FleetStore(files: host.files), log: log).converge(request, record) {
                    try await converge(request, record)
                }
            }
            await record.finish(request, changes: outcome.changes.count, failure: nil, calls: aws.tally.take())
            return outcome
        } catch is CancellationError {
            // A cancelled pass has no result.
            throw CancellationError()
        } catch {
            await record.finish(request, failure: error, calls: aws.tally.take())
            throw error
        }
    }

    private func converge(_ request: PassRequest, _ record: PassRecord) async throws -> PassOutcome {
        let started = ContinuousClock.now
        let (parts, inTheWay) = try await preparation.resources(request, record: record)
        try await ServicesBefore(files: host.files).keep(parts.services)
        let runner = StageRunner(log: log, record: record, showsDiffs: request.showsDiffs)
        let results =
            switch parts {
            case .relay(let relay): await run(relay, runner, record, after: inTheWay)
            case .sender(let sender): await run(sender, runner, after: inTheWay)
            }
        try Task.checkCancellation()
        let (changes, failures) = (results.changes, results.failures)
        do {
            try await SecurityLabels(files: host.files, runner: host.runner).restore(after: changes)
        } catch {
            log.warning("selinux", "\(error)")
        }
        record.report(failures)
        for other in failures.dropFirst() { log.failed(other.step, "\(other)") }
        if let failure = failures.first {
            // The state of the services is only a help; the failure counts.
            if let services = try? await parts.services.all() { record.report(services) }
            throw failure
        }
        tell(changes, of: parts, request, after: ContinuousClock.now - started)
        let services = try await parts.services.all()
        record.report(services)
        let order = parts.goal?.order == nil ? nil : try DrainOrders(files: host.files).current()
        return PassOutcome(changes: changes, end: PassOutcome.End(parts.goal, order: order), services: services)
    }

    private func run(
        _ relay: RelayParts,
        _ runner: StageRunner,
        _ record: PassRecord,
        after inTheWay: [StepFailure]
    ) async -> StepResults {
        async let _: Void? = relay.terminationHook?.keepWaiting()
        guard let order = relay.goal.order, let budget = relay.budget else {
            return await Serve(parts: relay, runner: runner, host: host, log: log).run(after: inTheWay)
        }
        let departure = Departure(
            order: order,
            budget: budget,
            parts: relay,
            runner: runner,
            host: host,
            log: log,
            record: record
        )
        var results = await departure.run(after: inTheWay)
        results.markLeaving()
        return results
    }

    private func run(_ sender: SenderParts, _ runner: StageRunner, after inTheWay: [StepFailure]) async -> StepResults {
        var results = StepResults(failures: inTheWay)
        results.add(await runner.run([sender.base]))
        if results.failures.count > inTheWay.count { return results }
        results.note("postfix") { try sender.service.markProven() }
        return results
    }

    /// The changes that a pass would make.
    ///
    /// - Parameters:
    ///   - facts: Facts from elsewhere, in place of this instance's.
    ///   - fleet: A place of the fleet's settings to go by, in place of the version in force.
    ///
    /// - Returns: The plan, and the senders that would be refused; `nil` where there are none.
    package func plan(
        facts: InstanceFacts? = nil,
        fleet: FleetPlace? = nil
    ) async throws -> (Plan, SenderForecast?) {
        let request = PassRequest(trigger: "plan")
        let resources = try await preparation.resources(request, facts: facts, fleet: fleet)
        do throws(ReconcileFailure) {
            let plan = try await Reconciler(resources.all).plan()
            return (plan, facts == nil ? await forecast(resources) : nil)
        } catch {
            throw StepFailure(step: error.resource, cause: error.cause)
        }
    }

    /// A log that can't be read, as by a user who may not, says nothing.
    private func forecast(_ parts: HostParts) async -> SenderForecast? {
        guard case .relay(let relay) = parts, case let mail = relay.situation.settings.mail, mail.senders.isSet,
            let logged = try? await LoggedSenders.read(runner: host.runner, files: host.files, now: Timestamp.seconds)
        else { return nil }
        return SenderForecast(logged, mail.senders, domain: mail.domain)
    }

    /// The changes that a pass would make on the host itself, by the facts of the last pass.
    func planOfHost() async throws -> Plan {
        let resources = try await preparation.resources(PassRequest(trigger: "doctor", scope: .host))
        do throws(ReconcileFailure) {
            return try await Reconciler(resources.base).plan()
        } catch {
            throw StepFailure(step: error.resource, cause: error.cause)
        }
    }

    /// The last line of a command; of a resident agent's passes, only of those that did something.
    private func tell(_ changes: [Change], of parts: HostParts, _ request: PassRequest, after time: Duration) {
        guard request.agent == nil || !changes.isEmpty else { return }
        let isLeaving = parts.goal?.order != nil
        let state = isLeaving ? "the node is out of its load balancers" : "the node is as it should be"
        let count = parts.all.count
        let seconds = "(\(time.inHundredths) s)"
        switch changes.count {
        case 0 where isLeaving: log.summary("nothing to do: \(state) \(seconds)")
        case 0: log.summary("nothing to do: all \(count) parts are as they should be \(seconds)")
        case 1: log.summary("1 change made; \(state) \(seconds)")
        case let number: log.summary("\(number) changes made; \(state) \(seconds)")
        }
    }
}
