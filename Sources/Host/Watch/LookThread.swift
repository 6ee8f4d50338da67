import Dispatch
import Glibc
import Synchronization

/// A thread that makes small looks at the host, each again and again after its pause.
///
/// A pause of Swift's concurrency costs more than such a look: it wakes the thread of the timers and one of the pool, twice each.
/// And the looks go on where all threads of the pool wait for a disk.
package final class LookThread: Sendable {
    private struct Look {
        let pause: Duration
        let isDone: @Sendable () -> Bool
        let continuation: CheckedContinuation<Void, Never>
        var due: ContinuousClock.Instant
    }

    private struct State {
        var looks: [Int: Look] = [:]
        /// Those that were cancelled before they were taken.
        var cancelled: Set<Int> = []
        var last = 0
        var hasStopped = false
    }

    private let state = Mutex(State())

    /// The time after which a new look is seen at the latest.
    private static let longestSleep: Duration = .seconds(2)

    package init() {
        DispatchQueue(label: "smtp-relay-agent.looks").async { [self] in run() }
    }

    /// Ends all waits.
    package func stop() {
        let looks = state.withLock { state in
            state.hasStopped = true
            defer { state.looks = [:] }
            return state.looks.values
        }
        for look in looks { look.continuation.resume() }
    }

    /// Waits until a look has found what it looks for, or the task is cancelled.
    ///
    /// - Parameters:
    ///   - pause: The time before each look, the first one included.
    ///   - isDone: The look. It runs on this thread, so others wait for its end.
    package func wait(pause: Duration, until isDone: @Sendable @escaping () -> Bool) async {
        let number = state.withLock { state in
            state.last += 1
            return state.last
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let look = Look(pause: pause, isDone: isDone, continuation: continuation, due: .now + pause)
                let isTaken = state.withLock { state in
                    guard !state.hasStopped, state.cancelled.remove(number) == nil else { return false }
                    state.looks[number] = look
                    return true
                }
                if !isTaken { continuation.resume() }
            }
        } onCancel: {
            let look = state.withLock { state in
                let look = state.looks.removeValue(forKey: number)
                if look == nil { state.cancelled.insert(number) }
                return look
            }
            look?.continuation.resume()
        }
    }

    private func run() {
        while let sleep = state.withLock({ $0.hasStopped ? nil : Self.sleep(before: $0.looks) }) {
            if sleep > .zero { Self.pause(sleep) }
            let now = ContinuousClock.now
            for (number, look) in state.withLock({ $0.looks.filter { $0.value.due <= now } }) {
                let isDone = look.isDone()
                let ended = state.withLock { state in
                    if isDone { return state.looks.removeValue(forKey: number) }
                    state.looks[number]?.due = .now + look.pause
                    return nil
                }
                ended?.continuation.resume()
            }
        }
    }

    private static func sleep(before looks: [Int: Look]) -> Duration {
        min(looks.values.map { $0.due - .now }.min() ?? longestSleep, longestSleep)
    }

    private static func pause(_ time: Duration) {
        var time = timespec(
            tv_sec: Int(time.components.seconds),
            tv_nsec: Int(time.components.attoseconds / 1_000_000_000)
        )
        withUnsafeMutablePointer(to: &time) { while nanosleep($0, $0) != 0, errno == EINTR {} }
    }
}
