import HTTP
import Synchronization

/// Time that passes only when everybody waits. One thread runs all tasks, and a seed decides all that chance decides, so that
/// the same simulation always has the same end.
final class SimulatedTime: TaskExecutor {
    fileprivate struct Sleeper {
        let due: Duration
        let number: Int
        let continuation: CheckedContinuation<Void, any Error>

        static func < (left: Sleeper, right: Sleeper) -> Bool { (left.due, left.number) < (right.due, right.number) }
    }

    fileprivate struct State {
        var now: Duration = .zero
        var jobs: [UnownedJob] = []
        /// A binary heap: each is due before the two that follow it.
        var sleepers: [Sleeper] = []
        var last = 0
        var random: UInt64
        var isOver = false
    }

    private let state: Mutex<State>
    private let start = ContinuousClock.now

    init(seed: UInt64) {
        self.state = Mutex(State(random: seed))
    }

    /// Since the start.
    var now: Duration { state.withLock { $0.now } }

    var source: TimeSource {
        TimeSource(
            now: { self.start + self.now },
            secondsSinceEpoch: { 1_440_938_160 + self.now / .seconds(1) },
            sleep: { try await self.sleep($0) },
            random: { self.random() }
        )
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        state.withLock { $0.jobs.append(job) }
    }

    /// Runs everybody until a time.
    func run(until end: Duration) {
        repeat { runJobs() } while wakeNext(before: end)
        state.withLock { $0.now = max($0.now, end) }
    }

    /// Ends each sleep, those that would follow included, by an error.
    func stop() {
        let sleepers = state.withLock { state in
            state.isOver = true
            defer { state.sleepers = [] }
            return state.sleepers
        }
        for sleeper in sleepers { sleeper.continuation.resume(throwing: CancellationError()) }
        runJobs()
    }

    /// From 0 up to 1: SplitMix64.
    func random() -> Double {
        let bits = state.withLock { state in
            state.random &+= 0x9E37_79B9_7F4A_7C15
            var z = state.random
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
        return Double(bits >> 11) / Double(1 << 53)
    }

    func sleep(_ time: Duration) async throws {
        try await withCheckedThrowingContinuation { continuation in
            let isOver = state.withLock { state in
                guard !state.isOver else { return true }
                state.last += 1
                state.add(Sleeper(due: state.now + max(time, .zero), number: state.last, continuation: continuation))
                return false
            }
            if isOver { continuation.resume(throwing: CancellationError()) }
        }
    }

    private func runJobs() {
        while true {
            let jobs = state.withLock { state in
                defer { state.jobs = [] }
                return state.jobs
            }
            if jobs.isEmpty { return }
            for job in jobs { job.runSynchronously(on: asUnownedTaskExecutor()) }
        }
    }

    private func wakeNext(before end: Duration) -> Bool {
        let sleeper = state.withLock { state in state.takeFirst(before: end) }
        sleeper?.continuation.resume()
        return sleeper != nil
    }
}

extension SimulatedTime.State {
    fileprivate mutating func add(_ sleeper: SimulatedTime.Sleeper) {
        var place = sleepers.count
        sleepers.append(sleeper)
        while place > 0, sleepers[place] < sleepers[(place - 1) / 2] {
            sleepers.swapAt(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    fileprivate mutating func takeFirst(before end: Duration) -> SimulatedTime.Sleeper? {
        guard let first = sleepers.first, first.due <= end else { return nil }
        now = first.due
        sleepers.swapAt(0, sleepers.count - 1)
        sleepers.removeLast()
        var place = 0
        while let child = [2 * place + 1, 2 * place + 2].filter({ $0 < sleepers.count }).min(by: {
            sleepers[$0] < sleepers[$1]
        }),
            sleepers[child] < sleepers[place]
        {
            sleepers.swapAt(place, child)
            place = child
        }
        return first
    }
}
