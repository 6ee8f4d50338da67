import Host
import MailLogs
import RelayTestSupport
import Testing
import Vocabulary

@testable import Doctor

/// The senders that were told to wait, in the mail log.
struct LimitedSendersTests {
    private func findings(_ messages: [String]) -> [Finding] {
        let entries = messages.map { MailLogEntry(program: "smtpd", message: $0) }
        return MailLogExamination.judge(MailLogDigest(entries), .init(), SystemdCommands())
    }

    private func line(_ words: String, _ client: String) -> String {
        "warning: \(words) limit exceeded: 3 from \(client) for service smtp"
    }

    @Test(arguments: [
        ("Message delivery request rate", "messages_per_minute"), ("Recipient address rate", "recipients_per_minute"),
        ("Connection rate", "connections_per_minute"), ("Connection concurrency", "connections"),
    ])
    func theHostAndTheSettingAreNamed(words: String, setting: String) throws {
        let found = findings([line(words, "app[10.0.2.20]"), line(words, "app[10.0.2.20]")])
        let finding = try #require(found.first)
        #expect(found.count == 1)
        #expect(finding.name == "sender-over-limit")
        #expect(finding.severity == .warning)
        #expect(finding.seen == "10.0.2.20 was over mail.limits.\(setting) 2 times, and was told to try later")
        #expect(finding.fix.contains("10.0.2.20"))
    }

    @Test func eachHostHasAFindingTheWorstFirst() {
        let one = line("Connection rate", "unknown[2001:db8::5]")
        let other = line("Message delivery request rate", "unknown[10.0.2.20]")
        let found = findings([one, other, other])
        #expect(found.map(\.subject) == ["10.0.2.20", "2001:db8::5"])
        #expect(found.last?.seen.contains("once") == true)
    }

    @Test(arguments: [
        "warning: Strange limit exceeded: 3 from app[10.0.2.20] for service smtp",
        "warning: Connection rate limit exceeded: 3 from app for service smtp",
        "NOQUEUE: reject: Connection rate limit exceeded: 3 from app[10.0.2.20] for service smtp",
        "warning: Connection rate limit exceeded: 3 from app[x] for service smtp",
    ])
    func otherLinesAreNot(line: String) {
        #expect(findings([line]).isEmpty)
    }
}
