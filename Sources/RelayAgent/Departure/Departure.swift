import AWS
import AgentLog
import Host
import Reconcile
import RelayNode
import Resources
import SystemPackage
import Vocabulary

/// A pass over a node that is to leave: out of its load balancers, no more mail taken, and what it has taken delivered or
/// handed to the other relays.
///
/// `leave` is to be read from top to bottom. A step that fails stops none of those after it. What a failure costs is written
/// beside each. The order's file says how far it is, so a departure that was cut off goes on from there; whoever withdraws the
/// order ends it.
struct Departure: Sendable {
    let order: DrainOrder
    let budget: DepartureBudget
    let parts: RelayParts
    let runner: StageRunner
    let host: HostAccess
    let log: StepLog
    let record: PassRecord

    private var orders: DrainOrders { DrainOrders(files: host.files) }

    /// - Parameter failures: The failures before the first step.
    func run(after failures: [StepFailure]) async -> StepResults {
        var results = await leave()
        // The pass fails because of them in any case. What kept the node from leaving comes first.
        results.add(failures.map { .failure($0) })
        return results
    }

    private func leave() async -> StepResults {
        var results = StepResults()

        // The load balancers' own checks take the node out. Where this fails, deregistering does.
        results.add(await runner.run([[parts.withdrawnHealth]]))
        if order.doneAt != nil { return await stayOut(results) }
        // A look at the host alone asks no load balancer, so it leaves the rest to the next full pass.
        guard parts.request.scope == .everything else { return results }
        do {
            try await enter(.unhealthy)
            // Postfix is needed where mail waits. If it can't be started now, the steps below try again. Where it can't
            // be started now, that is tried again below.
            results.add(await runner.run([[queue.served]]))

            // A load balancer that can't be left finds the doors closed.
            var places = await leaveLoadBalancers(until: budget.doors, calls: budget.calls)
            try await enter(.outOfLoadBalancers)

            // Senders with open sessions are answered 421. Where that can't be had, the sessions are closed at once.
            let refusal = await runner.run([[refusal]])
            results.add(refusal)
            if refusal.hasFailed { results.add(await runner.run([[doors]])) }
            try await enter(.doorsClosed)

            // Mail that nobody takes by the deadline stays on this node, and the log names it.
            results.add(await runner.run([[queue]]))
            // A session that was not refused, for example in an smtpd of an earlier configuration, may have brought mail since.
            // If the doors can't be closed, mail that comes in after the queue was seen empty stays here.
            if !Task.isCancelled, ContinuousClock.now < budget.queue {
                results.add(await runner.run([[doors, queue]]))
            }
            // This is the last time that the node can leave, so it uses all of its time for that.
            if places.hasFailed, order.reason.endsInAnyCase, !Task.isCancelled {
                places = await leaveLoadBalancers(until: budget.queue, calls: budget.end)
            }
            results.add(places)
            let end = try await finish(hasLeft: !places.hasFailed)
            if Task.isCancelled { return results }

            // If Auto Scaling can't be told, its own time-out ends the wait; the next pass tries again.
            results.add(await answerHook(of: end))
        } catch {
            results.fail("drain", error)
        }
        return results
    }

    /// A later pass over a node that has left. It does not try the queue again: Postfix goes on with it by itself.
    private func stayOut(_ before: StepResults) async -> StepResults {
        var results = before
        if order.reason.isForGood {
            results.add(await answerHook(of: order))
        } else {
            // Somebody else may have registered it again.
            results.add(await runner.run(parts.memberships))
            results.add(await runner.run([parts.base]))
        }
        return results
    }

    /// Each load balancer for itself. What fails and may pass is tried again for as long as there is time.
    ///
    /// - Parameters:
    ///   - end: The end of the time in which a try may begin.
    ///   - calls: The end of the calls.
    private func leaveLoadBalancers(
        until end: ContinuousClock.Instant,
        calls: ContinuousClock.Instant
    ) async -> [Result<[Change], StepFailure>] {
        var pending = parts.memberships
        var ended: [Result<[Change], StepFailure>] = []
        while true {
            let results = await CallDeadline.by(calls) { [pending] in await runner.run(pending) }
            var again: [Chain] = []
            for (chain, result) in zip(pending, results) {
                if result.mayPass, ContinuousClock.now + Self.longestPause < end {
                    again.append(chain)
                } else {
                    ended.append(result)
                }
            }
            let isOver = again.isEmpty || !holds
            guard !isOver, (try? await Task.sleep(for: Self.longestPause * Double.random(in: 0.5...1))) != nil else {
                return ended
            }
            pending = again
        }
    }

    /// Between two tries.
    private static let longestPause: Duration = .seconds(2)

    private var holds: Bool { (try? orders.require(order)) != nil }

    private var postfix: LeavingPostfix {
        LeavingPostfix(services: parts.services, runner: host.runner, files: host.files)
    }

    private var refusal: RefusedMail {
        RefusedMail(postfix: postfix) {
            _ = try await orders.amend(order) { $0.routes = LeavingRoutes(refusesMail: true) }
        }
    }

    private var doors: ClosedDoors {
        ClosedDoors(
            postfix: postfix,
            sessions: OpenSessions(files: host.files),
            connections: SMTPConnections(files: host.files),
            deadline: budget.doors,
            closed: { names in _ = try await orders.amend(order) { $0.change { $0.closed = names } } },
            notice: { log.warning("doors", $0) }
        )
    }

    private var ways: WaysToOthers {
        WaysToOthers(
            places: parts.situation.settings.shutdown.evacuateQueue ? parts.places : [],
            known: KnownWays(files: host.files),
            deadline: budget.queue
        )
    }

    private var queue: EmptyQueue {
        EmptyQueue(
            postfix: postfix,
            queue: PostfixQueue(files: host.files),
            ways: { await ways.all($0) },
            deadline: budget.queue,
            attempting: { way in
                if let way { log.notice("queue", "handing mail over to \(way)") }
                try await enter(way == nil ? .flushed : .handingOver) { now in
                    now.change { $0.handOver = way }
                }
            },
            holds: { try orders.require(order) },
            notice: { log.warning("queue", $0) }
        )
    }

    /// Writes down how far leaving is, where others see it.
    ///
    /// - Throws: `OrderWithdrawn`. A disk that is full stops nothing.
    private func enter(_ phase: DeparturePhase, _ change: (inout DrainOrder) -> Void = { _ in }) async throws {
        try Task.checkCancellation()
        do {
            let now = try await orders.amend(order) {
                $0.phase = phase
                change(&$0)
            }
            record.report(now)
        } catch let error as OrderWithdrawn {
            throw error
        } catch {
            log.warning("drain", "\(error)")
        }
    }

    /// Names what stays, and writes down that the node has left.
    ///
    /// - Parameter hasLeft: Whether all load balancers let it go.
    private func finish(hasLeft: Bool) async throws -> DrainOrder {
        try orders.require(order)
        // A node that stays goes on delivering by itself, at the usual destinations.
        if !order.reason.isForGood, postfix.isRunning {
            do {
                try await postfix.take(postfix.routes())
            } catch {
                log.warning("queue", "\(error)")
            }
        }
        let left = (try? await LeftBehind.count(PostfixQueue(files: host.files), host.runner)) ?? LeftBehind()
        if left.total > 0 { log.warning("queue", "\(left); \(order.reason.fate)") }
        let isTimeUp = ContinuousClock.now + Self.longestPause >= min(budget.queue, budget.own)
        var end = order
        try await enter(left.waiting == 0 ? .empty : .outOfTime) { now in
            now.left = left
            if !order.reason.isForGood { now.routes?.handOver = nil }
            if hasLeft || (order.reason.endsInAnyCase && isTimeUp) { now.doneAt = Timestamp.seconds }
            end = now
        }
        end.left = left
        if end.doneAt != nil {
            record.countDeparture(!hasLeft ? "failed" : left.total == 0 ? "empty" : "messages_left")
        }
        return end
    }

    private func answerHook(of end: DrainOrder) async -> [Result<[Change], StepFailure>] {
        guard let hook = parts.terminationHook else { return [] }
        // An alarm can see what was left behind: Auto Scaling and CloudTrail show the result.
        let result: LifecycleResult = end.left.map { $0.total == 0 } ?? true ? .proceed : .abandon
        let results = await CallDeadline.by(max(budget.end, .now + .seconds(3))) {
            await runner.run([[hook.answering(result, by: budget.end)]])
        }
        if !results.hasFailed { try? await enter(.hookAnswered) }
        return results
    }
}

extension DrainOrder {
    fileprivate mutating func change(_ change: (inout LeavingRoutes) -> Void) {
        var routes = self.routes ?? LeavingRoutes()
        change(&routes)
        self.routes = routes
    }
}

extension DrainOrder.Reason {
    /// Whether the node is gone soon, also where it could not leave.
    fileprivate var endsInAnyCase: Bool { isForGood && self != .uninstall }

    /// The fate of mail that stays on this node, for the log.
    fileprivate var fate: String {
        isForGood ? "they go with this node's disk (see: mailq)" : "Postfix goes on trying (see: mailq)"
    }
}

extension Result<[Change], StepFailure> {
    /// Whether it is a failure that the same step may not have in a moment.
    fileprivate var mayPass: Bool {
        guard case .failure(let failure) = self else { return false }
        return (failure.cause as? AWSFailure)?.mayPass ?? false
    }
}
