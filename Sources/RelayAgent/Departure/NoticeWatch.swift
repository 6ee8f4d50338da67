package import AgentLog
import Facts
import Glibc
import Host
import Resources

/// The small resident agent beside a timer: it waits for notices that can't wait for the next pass.
///
/// AWS leaves two minutes for a spot interruption, and a system that goes down leaves a quarter of an hour; a timer comes every
/// five minutes.
package struct NoticeWatch: Sendable {
    private let pass: Pass
    private let gatherer: Gatherer
    private let host: HostAccess
    private let log: StepLog

    package init(pass: Pass, gatherer: Gatherer, host: HostAccess, log: StepLog) {
        self.pass = pass
        self.gatherer = gatherer
        self.host = host
        self.log = log
    }

    /// Waits until a signal ends it. Where the system goes down, the node leaves its load balancers first.
    package func run() async throws {
        let signals = Signals([SIGTERM, SIGINT])
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await listen() }
            group.addTask { for await _ in signals.arrivals { return } }
            await group.next()
            group.cancelAll()
        }
        try await leaveIfShuttingDown()
    }

    package func leaveIfShuttingDown() async throws {
        if await host.services.isShuttingDown() { try await pass.leaveAtShutdown() }
    }

    private func listen() async {
        while !Task.isCancelled {
            do {
                try await Task.sleep(for: gatherer.pauseBetweenLooks)
                defer { ProgramMemory.letGoOfCode() }
                if let news = try await gatherer.newReasonToLeave() {
                    await pass.obeyAtOnce(news)
                    try await pass.converge(
                        PassRequest(trigger: "an announcement in instance metadata", waitsInService: false)
                    )
                }
            } catch let failure as StepFailure {
                log.failed(failure.step, "\(failure)")
            } catch {
                // Metadata that does not answer is for the passes to tell.
                continue
            }
        }
    }
}

extension Pass {
    /// Gives the order for an announcement without waiting for the pass that is under way.
    func obeyAtOnce(_ news: InstanceNotices) async {
        do {
            try await AnnouncedOrders(orders: orders, log: log).obey(news)
        } catch {
            // The next pass gives it.
            log.warning("drain", "\(error)")
        }
    }

    /// Leaves the load balancers of a node whose system goes down.
    func leaveAtShutdown() async throws {
        // An order that can't be read says nothing against leaving now.
        if (try? orders.current()) == nil { try orders.give(DrainOrder(.shutdown)) }
        try await converge(PassRequest(trigger: DrainOrder.Reason.shutdown.rawValue, isShutdown: true))
    }
}
