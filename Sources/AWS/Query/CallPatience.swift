/// The number of tries that a call may make, by the work that it is part of.
package enum CallPatience {
    @TaskLocal package static var tries: Int?

    /// The tries of a pass that is made again soon in any case.
    package static let short = 3

    /// Does work whose calls make few tries. A deadline of the work (`CallDeadline`) counts for more: until then it tries.
    package static func limited<Result>(
        to tries: Int?,
        isolation: isolated (any Actor)? = #isolation,
        _ work: () async throws -> Result
    ) async rethrows -> Result {
        try await $tries.withValue(tries, operation: work)
    }
}
