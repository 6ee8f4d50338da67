/// The deadline of the work that calls are part of: no call goes on for longer, whatever its own limit.
package enum CallDeadline {
    @TaskLocal package static var current: ContinuousClock.Instant?

    /// Does work that has to be done by a time, or by the time that holds already where that is earlier.
    package static func by<Result>(
        _ deadline: ContinuousClock.Instant,
        isolation: isolated (any Actor)? = #isolation,
        _ work: () async throws -> Result
    ) async rethrows -> Result {
        try await $current.withValue(min(deadline, current ?? deadline), operation: work)
    }
}
