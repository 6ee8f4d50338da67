import Glibc

/// Time and chance, as something that comes in from outside.
package struct TimeSource: Sendable {
    /// The time that waits and deadlines are measured by.
    package var now: @Sendable () -> ContinuousClock.Instant
    /// Seconds since 1970, as this host's clock has it.
    package var secondsSinceEpoch: @Sendable () -> Double
    package var sleep: @Sendable (Duration) async throws -> Void
    /// A number from 0 up to 1.
    package var random: @Sendable () -> Double

    package init(
        now: @escaping @Sendable () -> ContinuousClock.Instant,
        secondsSinceEpoch: @escaping @Sendable () -> Double,
        sleep: @escaping @Sendable (Duration) async throws -> Void,
        random: @escaping @Sendable () -> Double
    ) {
        self.now = now
        self.secondsSinceEpoch = secondsSinceEpoch
        self.sleep = sleep
        self.random = random
    }

    /// The host's own.
    package static let system = TimeSource(
        now: { ContinuousClock.now },
        secondsSinceEpoch: {
            var time = timespec()
            clock_gettime(CLOCK_REALTIME, &time)
            return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
        },
        sleep: { try await Task.sleep(for: $0) },
        random: { Double.random(in: 0..<1) }
    )
}
