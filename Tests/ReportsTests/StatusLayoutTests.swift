import Testing
import Vocabulary

@testable import Reports

struct StatusLayoutTests {
    private static let samples = [
        StatusSamples.relay, StatusSamples.sender, StatusSamples.odd, StatusSamples.oddLeaving, NodeStatus(),
    ]

    private func report(_ status: NodeStatus, isUp: Bool = true) -> StatusReport {
        StatusReport(
            StatusReading(status, isAgentUp: isUp, isPublished: isUp, queue: nil, now: StatusSamples.now)
        )
    }

    @Test(arguments: samples.indices, [12, 20, 40, 47, 48, 79, 80, 81, 120])
    func noLineIsWiderThanTheTerminal(sample: Int, width: Int) {
        for isUp in [true, false] {
            let lines = report(Self.samples[sample], isUp: isUp).lines(width: width)
            #expect(lines.filter { $0.count > width } == [])
            #expect(lines.filter { $0.hasSuffix(" ") } == [])
        }
    }

    @Test func noWordIsLost() {
        for sample in Self.samples {
            let wide = report(sample).lines(width: 120).joined().filter { $0 != " " }
            for width in [12, 40, 80] {
                #expect(report(sample).lines(width: width).joined().filter { $0 != " " } == wide)
            }
        }
    }

    @Test func outputIs80ColumnsWideAndAVeryWideTerminalIsNotFilled() {
        #expect(report(StatusSamples.odd).lines() == report(StatusSamples.odd).lines(width: 80))
        #expect(report(StatusSamples.odd).lines(width: 500).map(\.count).max() == 120)
        #expect(report(StatusSamples.relay).lines(width: 0) == report(StatusSamples.relay).lines(width: 12))
    }

    @Test func aLongValueStandsBelowItself() {
        let lines = report(StatusSamples.relay).lines()
        let at = lines.firstIndex { $0.hasPrefix("networks") } ?? 0
        #expect(lines[at] == "networks                  vpc-0123456789abcdef0: 10.0.0.0/16, 10.1.0.0/16,")
        #expect(lines[at + 1] == "                          10.2.0.0/16, 10.3.0.0/16, 100.64.0.0/10")
    }

    @Test func textIsBrokenAtWordsAndOnlyALongWordWithin() {
        #expect(WrappedText.lines("one two three", width: 7) == ["one two", "three"])
        #expect(WrappedText.lines("one twothreefour five", width: 7) == ["one", "twothre", "efour", "five"])
        #expect(WrappedText.lines("one two three four", width: 7, following: 10) == ["one two", "three four"])
        #expect(
            WrappedText.lines("/etc/systemd/system/a.service, b", width: 20) == [
                "/etc/systemd/system/", "a.service, b",
            ]
        )
        #expect(WrappedText.lines("a:bcdefghijk", width: 7) == ["a:bcdef", "ghijk"])
        #expect(WrappedText.lines("seventy", width: 7) == ["seventy"])
        #expect(WrappedText.lines("", width: 7) == [""])
        #expect(WrappedText.lines("  a   b  ", width: 7) == ["a b"])
    }

    @Test func coloursChangeNoTextAndMarkWhatIsWrong() {
        for sample in Self.samples {
            let plain = report(sample).lines()
            let coloured = report(sample).lines(colours: true)
            #expect(coloured.map { $0.replacing(#/\u{1B}\[[0-9;]*m/#, with: "") } == plain)
            #expect(plain.joined().contains("\u{1B}") == false)
        }
        #expect(report(StatusSamples.relay).lines(colours: true)[0].hasPrefix("\u{1B}[1;32mIN SERVICE"))
        #expect(
            report(StatusSamples.relay, isUp: false).lines(colours: true)[0].hasPrefix("\u{1B}[1;31mOUT OF SERVICE")
        )
        #expect(report(StatusSamples.oddLeaving).lines(colours: true)[0].hasPrefix("\u{1B}[1;31mLEAVING"))
    }

    @Test(arguments: [1, 2, 3, 5, 24])
    func aScreenShowsAsMuchAsFits(rows: Int) {
        let lines = (1...10).map { "line \($0)" }
        let frame = StatusScreen(columns: 80, rows: rows).frame(lines, at: Timestamp(secondsSinceEpoch: 0))
        #expect(frame.hasPrefix("\u{1B}[H\u{1B}[Kline 1"))
        #expect(frame.hasSuffix("\u{1B}[J"))
        // The screen must not scroll.
        #expect(frame.split(separator: "\n", omittingEmptySubsequences: false).count <= rows)
        #expect(frame.contains("line 10") == (rows == 24))
        #expect(frame.contains("1970-01-01T00:00:00Z; 7 more lines; Ctrl-C ends") == (rows == 5))
        #expect(frame.contains("00Z; Ctrl-C ends") == (rows == 24))
    }

    @Test func aNarrowScreenCutsItsFooter() {
        let frame = StatusScreen(columns: 10, rows: 5).frame(["one"], at: Timestamp(secondsSinceEpoch: 0))
        #expect(frame.contains("1970-01-01\n"))
    }
}
