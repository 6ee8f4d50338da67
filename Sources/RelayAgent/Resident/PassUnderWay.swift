/// The pass that the resident agent is making.
struct PassUnderWay {
    let task: Task<Void, Never>
    let since: ContinuousClock.Instant
    let isFull: Bool
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
        triggers: [PassSchedule.Trigger],
        progress: PassProgress
    ) {
        self.task = task
        self.since = since
        self.isFull = isFull
        self.triggers = triggers
        self.progress = progress
    }

    /// Ends it, where it is a full pass that only waits for metadata or load balancers.
    mutating func cut(at now: ContinuousClock.Instant) {
        guard isFull, !isCut, let waits = progress.waiting, now - waits > Self.courtesy else { return }
        isCut = true
        task.cancel()
    }
}
