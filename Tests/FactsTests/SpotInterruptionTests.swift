import Testing

@testable import Facts

struct SpotInterruptionTests {
    /// 2026-11-24T08:22:00Z.
    private static let time = 1_795_508_520

    @Test func itSaysWhatEC2DoesAndWhen() {
        let notice = SpotInterruption(reading: #"{"action": "terminate", "time": "2026-11-24T08:22:00Z"}"#)
        #expect(notice.description == "terminate at 2026-11-24T08:22:00Z")
        #expect(notice.secondsLeft(at: Self.time - 115) == 115)
        #expect(notice.secondsLeft(at: Self.time - 1) == 1)
    }

    /// A clock that is an hour wrong, either way, leaves the two minutes that every notice has.
    @Test(arguments: [-3600, 0, 3600])
    func aWrongClockDoesNotChangeTheNotice(seconds: Int) {
        let notice = SpotInterruption(reading: #"{"action": "hibernate", "time": "2026-11-24T08:22:00Z"}"#)
        #expect(notice.secondsLeft(at: Self.time + seconds) == 120)
    }

    @Test(arguments: ["", "terminate", #"{"action": "stop"}"#, #"{"action": "stop", "time": "soon"}"#])
    func whatCannotBeReadIsAnInterruptionInTwoMinutes(text: String) {
        #expect(SpotInterruption(reading: text).secondsLeft(at: Self.time) == 120)
    }
}
