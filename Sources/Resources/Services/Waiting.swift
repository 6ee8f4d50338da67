/// The clock of waits for a service: the host's, or, in a test of many passes, one that does not wait.
package struct Waiting: Sendable {
    @TaskLocal package static var current = Waiting(
        now: { ContinuousClock.now },
        sleep: { try await Task.sleep(for: $0) }
    )

    let now: @Sendable () -> ContinuousClock.Instant
    let sleep: @Sendable (Duration) async throws -> Void

    package init(
        now: @escaping @Sendable () -> ContinuousClock.Instant,
        sleep: @escaping @Sendable (Duration) async throws -> Void
    ) {
        self.now = now
        self.sleep = sleep
    }

    static var now: ContinuousClock.Instant { current.now() }

    static func sleep(for duration: Duration) async throws { try await current.sleep(duration) }
}
