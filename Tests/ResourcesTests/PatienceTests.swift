import HTTP
import RelayTestSupport
import Testing

@testable import Resources

/// The waits for a service after a start or a reload.
struct PatienceTests {
    private struct Slow: Error {}
    private struct Former: Error {}

    /// Tries with a clock that moves as the attempts do.
    ///
    /// - Parameter seconds: The time that each attempt takes.
    /// - Returns: The number of attempts; negative where the last one failed.
    private func tries(_ answers: [(any Error)?], each seconds: Int) async -> Int {
        let time = ManualTime()
        let waiting = Waiting(now: { time.now }, sleep: time.source.sleep)
        return await Waiting.$current.withValue(waiting) {
            var count = 0
            do {
                try await Patience.untilAnswering(isOfBefore: { $0 is Former }) {
                    count += 1
                    try await Waiting.sleep(for: .seconds(seconds))
                    if let error = answers[min(count, answers.count) - 1] { throw error }
                }
                return count
            } catch {
                return -count
            }
        }
    }

    @Test func aDoorThatAnswersSlowlyIsTriedAgainWithinTenSeconds() async {
        #expect(await tries([Slow(), nil], each: 1) == 2)
        #expect(await tries([Slow(), nil], each: 6) == -1)
    }

    @Test func answersOfFormerProcessesDoNotCount() async {
        #expect(await tries([Former(), nil], each: 5) == 2)
        #expect(await tries([Former(), Former(), Former(), nil], each: 5) == 4)
    }

    @Test func aDoorThatAlwaysAnswersSoFails() async {
        #expect(await tries([Former()], each: 5) == -4)
    }
}
