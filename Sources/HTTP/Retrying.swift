/// The pauses between tries: exponential, with full jitter, so that a fleet that failed together does not come back
/// together (AWS Architecture Blog, "Exponential Backoff and Jitter").
package struct RetryPolicy: Sendable, Equatable {
    /// The most tries; `nil` where the deadline alone ends them.
    package var attempts: Int?
    /// The longest wait after the first try.
    package var base: Duration
    /// The longest wait of all.
    package var cap: Duration

    package init(attempts: Int? = nil, base: Duration, cap: Duration) {
        self.attempts = attempts
        self.base = base
        self.cap = cap
    }

    /// - Parameters:
    ///   - attempt: The number of tries made; 1 after the first.
    ///   - retryAfter: The least that the server asks for. The jitter comes on top, or the fleet would be back at once.
    ///   - random: From 0 up to 1.
    package func delay(after attempt: Int, retryAfter: Duration?, random: Double) -> Duration {
        let longest = min(cap, base * (1 << min(max(attempt - 1, 0), 16)))
        return (retryAfter ?? .zero) + longest * random
    }
}

/// The result of one try.
package enum Attempt<Value, Failure: Error> {
    case success(Value)
    /// Another try would end the same way.
    case failure(Failure)
    /// The failure may pass; the server asks for at least this pause.
    case retry(Failure, after: Duration?)
}

/// Tries until the work succeeds, can't succeed, or the time or the tries are used up; then throws the last failure.
///
/// It never sleeps past the deadline: where the next try would come too late, the last failure is thrown at once.
///
/// - Parameter attempt: Is given the number of the try, from 1.
package func retrying<Value, Failure: Error>(
    _ policy: RetryPolicy,
    until deadline: ContinuousClock.Instant,
    time: TimeSource,
    _ attempt: (Int) async -> Attempt<Value, Failure>
) async throws(Failure) -> Value {
    var count = 0
    while true {
        count += 1
        switch await attempt(count) {
        case .success(let value): return value
        case .failure(let failure): throw failure
        case .retry(let failure, let retryAfter):
            if let limit = policy.attempts, count >= limit { throw failure }
            let pause = policy.delay(after: count, retryAfter: retryAfter, random: time.random())
            guard time.now() + pause < deadline else { throw failure }
            do {
                try await time.sleep(pause)
            } catch {
                // The last failure says more than the cancellation.
                throw failure
            }
        }
    }
}
