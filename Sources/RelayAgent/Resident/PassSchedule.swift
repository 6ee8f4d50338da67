import Vocabulary

/// When the resident agent makes its next pass, and why.
///
/// A change that is seen calls for a pass at once. What goes on changing, as when another tool writes the same file over
/// and over, has a small store of such passes, which fills up again slowly: so nothing that others do spins the agent.
struct PassSchedule {
    typealias Instant = ContinuousClock.Instant

    /// The reason for a pass.
    struct Trigger: Hashable {
        /// As the log and `status` name it.
        let name: String
        /// Whether facts have to be read anew and the load balancers asked; otherwise only the host is looked at.
        let isFull: Bool
    }

    private var regular: Instant
    private var wanted: [Trigger: Instant] = [:]
    private var stores: [Trigger: Store] = [:]
    /// Whether a look at the host has gone before the full pass that is due.
    private var hasLooked = false

    /// Changes that come together are one.
    private static let coalescing: Duration = .milliseconds(100)

    /// Passes that a trigger may still call for at once.
    private struct Store {
        var passes = Self.size
        var isTold = false
        var filledAt: Instant

        static let size = 6.0
        /// The time in which one comes back.
        static let refill: Duration = .seconds(10)
        /// The share of a pass that finds nothing to correct, as after the agent's own writing.
        static let look = 0.25

        mutating func fill(at now: Instant) {
            passes = min(Self.size, passes + (now - filledAt) / Self.refill)
            filledAt = now
        }
    }

    /// - Parameter regular: The time of the first pass.
    init(regular: Instant) {
        self.regular = regular
    }

    /// The time of the next pass.
    var due: Instant { min(regular, wanted.values.min() ?? regular) }

    /// When the host next calls for a look; `nil` where it does not.
    var hostDue: Instant? { wanted.lazy.filter { !$0.key.isFull }.map(\.value).min() }

    /// The triggers that the next pass, begun now, answers; none where only its time has come.
    func answered(at now: Instant) -> [Trigger] {
        let isFull = isFull(at: now)
        return wanted.keys.filter { isFull || !$0.isFull }.sorted { $0.name < $1.name }
    }

    /// Whether the pass that is begun now is a full one. A full one may wait for metadata and load balancers, so what the host
    /// calls for is put right before it.
    func isFull(at now: Instant) -> Bool {
        isFullDue(at: now) && (hasLooked || !(hostDue.map { now >= $0 } ?? false))
    }

    private func isFullDue(at now: Instant) -> Bool {
        now >= regular || wanted.contains { $0.key.isFull && now >= $0.value }
    }

    /// Has a pass made for a trigger, soon.
    ///
    /// - Returns: Whether the trigger is slowed down from now on.
    mutating func want(_ trigger: Trigger, at now: Instant) -> Bool {
        guard wanted[trigger] == nil else { return false }
        var store = stores[trigger] ?? Store(filledAt: now)
        store.fill(at: now)
        let isSlowed = store.passes < 1
        wanted[trigger] = now + (isSlowed ? Store.refill * (1 - store.passes) : Self.coalescing)
        // An empty budget is reported once, until it was full again.
        let begins = isSlowed && !store.isTold
        store.isTold = isSlowed || (store.isTold && store.passes < Store.size)
        store.passes -= Store.look
        stores[trigger] = store
        return begins
    }

    /// A pass for these triggers had something to put right.
    mutating func putRight(_ triggers: [Trigger], at now: Instant) {
        for trigger in triggers {
            stores[trigger]?.fill(at: now)
            stores[trigger]?.passes -= 1 - Store.look
        }
    }

    /// Has a pass made for a trigger at a time.
    mutating func want(_ trigger: Trigger, by time: Instant) {
        wanted[trigger] = min(time, wanted[trigger] ?? time)
    }

    /// Sets the time of the next regular pass.
    mutating func regular(at time: Instant) { regular = time }

    /// A pass begins, and answers what called for it.
    ///
    /// - Parameter next: When the next regular pass comes, if this is a full one.
    mutating func begin(at now: Instant, next: Instant) {
        let answered = answered(at: now)
        let isFull = isFull(at: now)
        // Only one look goes before, so that a host that changes all the time does not keep the full pass off.
        hasLooked = !isFull && isFullDue(at: now)
        if isFull { regular = next }
        for trigger in answered { wanted[trigger] = nil }
    }
}

extension PassSchedule {
    /// The pause before the next regular pass.
    ///
    /// - Parameter random: From 0 up to 1.
    static func pause(_ settings: NodeSettings.Reconcile, random: Double) -> Duration {
        settings.interval + settings.jitter * random
    }

    /// The same after a pass that failed. It doubles while the account's API limit is used up: a node that waits asks for nothing.
    ///
    /// - Parameter throttled: The number of passes in a row that AWS's APIs throttled.
    static func pause(afterFailure usual: Duration, throttled: Int) -> Duration {
        min(usual, .seconds(10) * (1 << min(max(throttled - 1, 0), 8)))
    }
}
