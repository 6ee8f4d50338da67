import AgentLog
import Resources
import Vocabulary

/// The time that leaving may take, and what of it each of its parts may use.
struct DepartureBudget: Sendable {
    /// The end of the wait for load balancers and open sessions: the first half.
    let doors: ContinuousClock.Instant
    /// The end of the calls to leave a load balancer.
    let calls: ContinuousClock.Instant
    /// The end of the work on the queue.
    let queue: ContinuousClock.Instant
    /// The end of the time in which Auto Scaling is told.
    let end: ContinuousClock.Instant
    /// The end of the departure's own time, also where it is made again later.
    let own: ContinuousClock.Instant

    /// - Parameters:
    ///   - total: `shutdown.drain_timeout`.
    ///   - limit: The time that the order's cause leaves; `nil` where it leaves any.
    ///   - elapsed: The time for which the order has held.
    ///   - answersHook: Whether a part is kept for the lifecycle hook.
    init(
        total: Duration,
        limit: Duration? = nil,
        elapsed: Duration,
        answersHook: Bool,
        now: ContinuousClock.Instant = .now
    ) {
        let total = min(total, limit.map { $0 - Self.margin } ?? total)
        let used = min(max(elapsed, .zero), total)
        let (start, end) = (now - used, max(now - used + total, now + Self.least))
        let reserve = min(total / 10, Self.reserve)
        self.doors = min(start + total / 2, end)
        // A departure that is made again later has less time, and the queue has its part of that.
        self.calls = max(min(start + total / 2 + reserve, end), now + Self.least / 2)
        self.queue = answersHook ? end - min(reserve, (end - now) / 2) : end
        self.end = end
        self.own = start + total
    }

    /// The time of a departure whose own time is over, and which is made again all the same.
    private static let least: Duration = .seconds(5)
    private static let reserve: Duration = .seconds(5)
    /// The part of a cause's time that is not used: the queue's last files have to be gone before the power is.
    private static let margin: Duration = .seconds(5)
}

extension DrainOrder {
    /// The age of the order. A clock that nobody sets counts where the order was given since this boot; otherwise, as
    /// after a reboot, the age begins now.
    ///
    /// - Parameter uptime: Seconds since the boot.
    func elapsed(uptime: Double?, now: Int = Timestamp.seconds) -> Duration {
        guard let given = self.uptime, let uptime else { return .seconds(now - since) }
        return uptime >= given ? .seconds(uptime - given) : .zero
    }
}
