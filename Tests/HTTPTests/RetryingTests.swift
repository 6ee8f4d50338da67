import HTTP
import RelayTestSupport
import Testing

private struct Failure: Error, Equatable {
    let number: Int
}

@Suite struct RetryingTests {
    private let policy = RetryPolicy(base: .seconds(1), cap: .seconds(10))

    @Test func waitsAtRandomUpToADoublingLimit() {
        let longest = (1...6).map { policy.delay(after: $0, retryAfter: nil, random: 1) }
        #expect(longest == [1, 2, 4, 8, 10, 10].map { .seconds($0) })
        #expect(policy.delay(after: 3, retryAfter: nil, random: 0) == .zero)
        #expect(policy.delay(after: 3, retryAfter: nil, random: 0.5) == .seconds(2))
        #expect(policy.delay(after: 1_000_000, retryAfter: nil, random: 1) == .seconds(10))
    }

    @Test func waitsAtLeastAsLongAsTheServerAsks() {
        #expect(policy.delay(after: 1, retryAfter: .seconds(30), random: 0) == .seconds(30))
        #expect(policy.delay(after: 1, retryAfter: .seconds(30), random: 0.5) == .milliseconds(30500))
    }

    /// Tries for up to a time, and says what came of it.
    private func outcome(
        _ policy: RetryPolicy,
        within limit: Duration,
        _ time: TimeSource,
        _ attempt: (Int) async -> Attempt<Int, Failure>
    ) async -> Result<Int, Failure> {
        do throws(Failure) {
            return .success(try await retrying(policy, until: time.now() + limit, time: time, attempt))
        } catch {
            return .failure(error)
        }
    }

    @Test func triesUntilItWorks() async {
        let time = ManualTime()
        let result = await outcome(policy, within: .seconds(60), time.source) { count in
            count < 3 ? .retry(Failure(number: count), after: nil) : .success(count)
        }
        #expect(result == .success(3))
        #expect(time.sleeps == [.milliseconds(500), .seconds(1)])
    }

    @Test func stopsAtWhatCannotPass() async {
        let time = ManualTime()
        let result = await outcome(policy, within: .seconds(60), time.source) { .failure(Failure(number: $0)) }
        #expect(result == .failure(Failure(number: 1)))
        #expect(time.sleeps.isEmpty)
    }

    @Test func stopsAfterTheLastTry() async {
        let time = ManualTime()
        let policy = RetryPolicy(attempts: 4, base: .seconds(1), cap: .seconds(1))
        let result = await outcome(policy, within: .seconds(60), time.source) {
            .retry(Failure(number: $0), after: nil)
        }
        #expect(result == .failure(Failure(number: 4)))
        #expect(time.sleeps.count == 3)
    }

    @Test func neverSleepsPastTheDeadline() async {
        let time = ManualTime(random: 0.999)
        let result = await outcome(policy, within: .seconds(20), time.source) {
            .retry(Failure(number: $0), after: nil)
        }
        // 1, 2, 4 and 8 seconds, and the next 10 would be too many.
        #expect(result == .failure(Failure(number: 5)))
        #expect(time.passed < .seconds(20))
    }

    @Test func doesNotWaitForAServerThatAsksForTooLong() async {
        let time = ManualTime()
        let result = await outcome(policy, within: .seconds(60), time.source) {
            .retry(Failure(number: $0), after: .seconds(3600))
        }
        #expect(result == .failure(Failure(number: 1)))
        #expect(time.sleeps.isEmpty)
    }

    @Test func throwsTheLastFailureWhenCancelled() async {
        var source = ManualTime().source
        source.sleep = { _ in throw CancellationError() }
        let result = await outcome(policy, within: .seconds(60), source) {
            .retry(Failure(number: $0), after: nil)
        }
        #expect(result == .failure(Failure(number: 1)))
    }
}
