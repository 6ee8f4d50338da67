/// The pass that the resident agent is making.
struct PassUnderWay {
    let task: Task<Void, Never>
    let since: ContinuousClock.Instant
    let isFull: Bool
    /// Whether the node was to leave already when it began.
    let isLeaving: Bool
    let triggers: [PassSchedule.Trigger]
    let progress: PassProgress
    /// Whether it was told to end, since the host has something more urgent.
    private(set) var isCut = false

    /// The calls of a pass with nothing to do take no longer.
    static let courtesy: Duration = .seconds(1)

    init(
        task: Task<Void, Never>,
        since: ContinuousClock.Instant,
        isFull: Bool,
        isLeaving: Bool,
        triggers: [PassSchedule.Trigger],
        progress: PassProgress
    ) {
        self.task = task
        self.since = since
        self.isFull = isFull
        self.isLeaving = isLeaving
        self.triggers = triggers
        self.progress = progress
    }

    /// Ends it, where it is a full pass that only waits for metadata or load balancers. While the node leaves, a look at the
    /// host puts nothing right.
    mutating func cut(at now: ContinuousClock.Instant) {
        guard isFull, !isLeaving, let waits = progress.waiting, now - waits > Self.courtesy else { return }
        end()
    }

    /// Ends it, whatever it is at, for the pass by which the node leaves.
    mutating func giveWay() {
        if !isLeaving { end() }
    }

    private mutating func end() {
        guard !isCut else { return }
        isCut = true
        task.cancel()
    }
}
