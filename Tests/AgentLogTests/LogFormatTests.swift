import AgentLog
import Glibc
import Logging
import Synchronization
import Testing

/// Keeps what is written.
private final class Lines: LogSink {
    private let kept = Mutex("")

    func write(_ text: String) { kept.withLock { $0 += text } }

    var text: String { kept.withLock { $0 } }
}

struct LogFormatTests {
    private func written(_ format: LogFormat, _ environment: [String: String] = [:], _ body: (StepLog) -> Void)
        -> String
    {
        let lines = Lines()
        body(StepLog(format, environment: environment, sink: lines))
        return lines.text
    }

    @Test func plainIsALineAStep() {
        let text = written(.plain) { log in
            log.started("packages", "install postfix")
            log.done("packages", "install postfix", after: .milliseconds(12_345))
            log.unchanged("nginx", after: .zero)
            log.summary("1 change made")
        }
        let lines = text.split(separator: "\n").map { $0.drop { $0 != " " } }
        #expect(
            lines == [" smtp-relay-agent: packages: install postfix (12.34 s)", " smtp-relay-agent: 1 change made"]
        )
        #expect(text.hasPrefix("20"))
        #expect(text.prefix(20).last == "Z")
    }

    @Test func furtherLinesAreIndented() {
        let text = written(.plain) { $0.failed("postfix", "no\nreally") }
        #expect(text.hasSuffix(" smtp-relay-agent: error: postfix: no\n    really\n"))
    }

    @Test func jsonIsAnObjectALine() {
        let text = written(.json) { log in
            log.done("packages", "say \"x\"\u{1}", after: .seconds(1))
            log.warning("load balancer", "two\nlines")
        }
        let lines = text.split(separator: "\n")
        #expect(lines.count == 2)
        #expect(
            lines[0].hasSuffix(
                #""level":"info","message":"say \"x\"\u0001","seconds":1.00,"state":"done","step":"packages"}"#
            )
        )
        #expect(lines[1].contains(#""level":"warning","message":"two\nlines""#))
    }

    @Test func aTerminalSeesTheStepUnderWayAndColours() {
        let text = written(.terminal) { log in
            log.started("packages", "install postfix")
            log.done("packages", "install postfix", after: .seconds(2))
        }
        #expect(text.contains("\r\u{1B}[K… packages"))
        #expect(text.contains("\u{1B}[32m✓"))
        #expect(text.contains("2.00 s"))
        let plain = written(.terminal, ["NO_COLOR": "1"]) { $0.done("packages", "install postfix", after: .seconds(2)) }
        #expect(!plain.contains("\u{1B}[32m"))
        #expect(plain.contains("✓ packages"))
    }

    @Test func noOtherSocketIsTheJournals() {
        // The system tests have a socket that leads to the journal.
        var pair: [CInt] = [-1, -1]
        #expect(socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &pair) == 0)
        defer { for descriptor in pair { close(descriptor) } }
        #expect(!StandardError.isJournal(pair[0]))
        #expect(!StandardError.isJournal(-1))
    }

    @Test func whereThereIsNoTerminalTheLogIsPlain() {
        #expect(written(.auto, ["TERM": "dumb"]) { $0.summary("done") }.hasSuffix(" smtp-relay-agent: done\n"))
    }
}
