import Synchronization

/// Counts what this program asks of AWS's APIs: the whole account shares their limits.
package final class APITally: Sendable {
    package struct Counts: Sendable, Equatable, Codable {
        /// Every request, each try of a call for itself.
        package var calls = 0
        /// The calls that were answered with a code such as `Throttling`.
        package var throttles = 0

        package init(calls: Int = 0, throttles: Int = 0) {
            self.calls = calls
            self.throttles = throttles
        }

        package static func + (left: Counts, right: Counts) -> Counts {
            Counts(calls: left.calls + right.calls, throttles: left.throttles + right.throttles)
        }
    }

    private let counts = Mutex(Counts())

    package init() {}

    func countCall() { counts.withLock { $0.calls += 1 } }

    func countThrottle() { counts.withLock { $0.throttles += 1 } }

    /// The counts since the previous call.
    package func take() -> Counts {
        counts.withLock { counts in
            defer { counts = Counts() }
            return counts
        }
    }
}
