import MailLogs
import Testing
import Vocabulary

@testable import Doctor

/// The envelope's senders in a mail log.
struct LoggedSendersTests {
    private func counts(_ lines: [(String, String)]) -> [String: Int] {
        let logged = LoggedSenders(lines.map { MailLogEntry(program: $0.0, message: $0.1) })
        let pairs = logged.counts.map { ("\($0.key.sender) \($0.key.client.map { "\($0)" } ?? "-")", $0.value) }
        return Dictionary(pairs) { first, _ in first }
    }

    @Test func eachMessageCountsOnceWithItsClient() {
        let lines = [
            ("smtpd", "4A1: client=app[10.0.2.20]"), ("cleanup", "4A1: message-id=<x@y>"),
            ("qmgr", "4A1: from=<a@evil.example>, size=300, nrcpt=1 (queue active)"),
            ("qmgr", "4A1: from=<a@evil.example>, size=300, nrcpt=1 (queue active)"), ("qmgr", "4A1: removed"),
            ("smtpd", "4A1: client=app[10.0.2.21]"),
            ("qmgr", "4A1: from=<a@evil.example>, size=300, nrcpt=1 (queue active)"),
            ("qmgr", "4A2: from=<>, size=300, nrcpt=1 (queue active)"),
            ("qmgr", "4A3: from=<a@b>, status=expired, returned to sender"),
        ]
        #expect(counts(lines) == ["a@evil.example 10.0.2.20": 1, "a@evil.example 10.0.2.21": 1, " -": 1])
    }

    @Test func localProgramsAreLeftOut() {
        let lines = [
            ("pickup", "4A1: uid=0 from=<root>"), ("qmgr", "4A1: from=<root@host>, size=300, nrcpt=1 (queue active)"),
        ]
        #expect(counts(lines).isEmpty)
    }
}
