import AWS
import Testing

@Suite struct LogEventBatchTests {
    private let now = 1_440_938_160_000

    private func batches(_ events: [LogEvent]) -> (batches: [LogEventBatch], dropped: Int) {
        LogEventBatch.batches(of: events, now: now)
    }

    @Test func areInTheOrderOfTheirTimesAndThoseOfOneTimeKeepTheirs() {
        let events = [(3, "c"), (1, "a"), (2, "b1"), (2, "b2")].map { LogEvent(time: now + $0.0, message: $0.1) }
        let found = batches(events)
        #expect(found.batches.map { $0.events.map(\.message) } == [["a", "b1", "b2", "c"]])
        #expect(found.dropped == 0)
    }

    @Test func eventsThatNoCallTakesAreCounted() {
        let day = 86_400_000
        let times = [now - 14 * day - 1, now - 14 * day, now + 7_200_000, now + 7_200_001]
        let found = batches(times.map { LogEvent(time: $0, message: "x") } + [LogEvent(time: now, message: "")])
        #expect(found.batches.flatMap(\.events).map(\.time) == [times[1], times[2]])
        #expect(found.dropped == 3)
    }

    @Test func aCallSpansLessThanADay() {
        let day = 86_400_000
        let found = batches([0, day - 1, day, 2 * day].map { LogEvent(time: now - 2 * day + $0, message: "x") })
        #expect(found.batches.map(\.events.count) == [2, 1, 1])
    }

    @Test func aCallHasItsMostEvents() {
        let found = batches((0..<20_001).map { LogEvent(time: now, message: "\($0)") })
        #expect(found.batches.map(\.events.count) == [10_000, 10_000, 1])
        #expect(found.batches.flatMap(\.events).map(\.message) == (0..<20_001).map(String.init))
    }

    @Test func aCallHasItsMostBytesOfUTF8() {
        // Each counts as 2 * 1000 + 26 bytes.
        let message = String(repeating: "ü", count: 1000)
        let found = batches((0..<1100).map { _ in LogEvent(time: now, message: message) })
        #expect(found.batches.map(\.events.count) == [517, 517, 66])
        for batch in found.batches {
            #expect(batch.events.map { $0.message.utf8.count + 26 }.reduce(0, +) <= 1_048_576)
        }
    }

    @Test(arguments: ["a", "ü", "€", "😀"]) func aLongEventIsCutAtACharacterAndMarked(character: String) throws {
        let message = String(repeating: character, count: 262_144)
        let event = try #require(batches([LogEvent(time: now, message: message)]).batches.first?.events.first)
        let bytes = event.message.utf8.count + 26
        #expect(bytes <= 262_144 && bytes > 262_144 - 4)
        #expect(event.message.hasSuffix(character + LogEventBatch.cutMark))
        #expect(!event.message.contains("\u{FFFD}"))
        let whole = String(repeating: "a", count: 262_144 - 26)
        #expect(batches([LogEvent(time: now, message: whole)]).batches.first?.events.first?.message == whole)
    }
}
