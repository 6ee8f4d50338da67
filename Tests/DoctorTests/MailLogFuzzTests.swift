import Host
import MailLogs
import RelayTestSupport
import Testing
import Vocabulary

@testable import Doctor

/// Senders choose much of what stands in a mail log: their names, addresses, greetings, and what their servers answer.
struct MailLogFuzzTests {
    private static let samples = [
        """
        Nov 24 11:31:19 r1 postfix/smtpd[12]: NOQUEUE: reject: RCPT from unknown[10.9.0.5]: 554 5.7.1 <b@example.net>: Relay \
        access denied; from=<a@example.org> to=<b@example.net> proto=ESMTP helo=<[10.1.1.1]>

        """,
        """
        Nov 24 11:31:19 r1 postfix/smtp[9]: connect to mx.example.net[192.0.2.1]:25: Connection timed out
        Nov 24 11:31:19 r1 postfix/smtp[9]: 3C1B: to=<a@example.net>, relay=mx[192.0.2.3]:25, dsn=2.0.0, status=sent (250 ok)
        Nov 24 11:31:19 r1 postfix/smtp[9]: 3C1B: to=<a@example.net>, relay=none, dsn=4.4.1, status=deferred (host said: 451)
        Nov 24 11:31:19 r1 postfix/error[9]: 3C1B: to=<a@example.net>, relay=none, dsn=5.4.1, status=bounced (no)

        """,
        """
        Nov 24 11:31:19 r1 postfix/submission/smtpd[12]: SSL_accept error from app[10.0.2.20]: -1
        Nov 24 11:31:19 r1 postfix/smtp[9]: Cannot start TLS: handshake failure
        Nov 24 11:31:19 r1 postfix/self-test/smtpd[13]: NOQUEUE: reject: RCPT from x[192.0.2.25]: Relay access denied;

        """,
    ]

    @Test func whateverIsLoggedIsCountedAndCanBeShown() async throws {
        await fuzz(300) { chance in
            let lines = (chance.mutation(of: Self.samples) + chance.mutation(of: Self.samples)).split(separator: "\n")
            let digest = MailLogDigest(lines.compactMap { MailLogEntry($0, now: 1_795_521_600) })
            let count = lines.count
            #expect(digest.attempts <= count && digest.denied.values.reduce(0, +) <= count, "\(chance)")
            let report = DoctorReport(MailLogExamination.judge(digest, .init(), SystemdCommands()), examined: [])
            for finding in report.findings {
                #expect(!finding.seen.isEmpty && !finding.fix.isEmpty, "\(chance)")
            }
            #expect(report.text.split(separator: "\n").allSatisfy { String($0).isOnePlainLine }, "\(chance)")
        }
    }
}
