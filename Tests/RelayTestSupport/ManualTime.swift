package import HTTP
import Synchronization

/// Time that passes only when somebody sleeps, and then at once.
package final class ManualTime: Sendable {
    private struct State {
        var passed: Duration = .zero
        var sleeps: [Duration] = []
    }

    private let state = Mutex(State())
    private let start = ContinuousClock.now
    private let epoch: Double
    private let random: Double

    /// - Parameters:
    ///   - epoch: Seconds since 1970 at the start.
    ///   - random: The number that chance always gives, from 0 up to 1.
    package init(epoch: Double = 1_440_938_160, random: Double = 0.5) {
        self.epoch = epoch
        self.random = random
    }

    /// The length of each sleep.
    package var sleeps: [Duration] { state.withLock { $0.sleeps } }
    /// The time that has passed since the start.
    package var passed: Duration { state.withLock { $0.passed } }

    /// The time that it is now.
    package var now: ContinuousClock.Instant { start + passed }

    /// Lets time pass without a sleep, as slow work does.
    package func advance(by duration: Duration) {
        state.withLock { $0.passed += duration }
    }

    package var source: TimeSource {
        TimeSource(
            now: { self.now },
            secondsSinceEpoch: { self.epoch + self.passed / .seconds(1) },
            sleep: { duration in
                try Task.checkCancellation()
                self.state.withLock {
                    $0.passed += duration
                    $0.sleeps.append(duration)
                }
            },
            random: { self.random }
        )
    }
}
