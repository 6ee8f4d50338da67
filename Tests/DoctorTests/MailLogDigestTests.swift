import Host
import MailLogs
import RelayTestSupport
import Testing
import Vocabulary

@testable import Doctor

struct MailLogDigestTests {
    private func entries(_ lines: String) -> [MailLogEntry] {
        lines.split(separator: "\n").compactMap { MailLogEntry($0, now: 1_795_521_600) }
    }

    private func findings(_ lines: String, _ around: MailLogExamination.Surroundings = .init()) -> [Finding] {
        MailLogExamination.judge(MailLogDigest(entries(lines)), around, SystemdCommands())
    }

    private func denial(_ client: String) -> String {
        """
        Nov 24 11:31:19 r1 postfix/smtpd[12]: NOQUEUE: reject: RCPT from \(client): 554 5.7.1 <b@example.net>: Relay \
        access denied; from=<a@example.org> to=<b@example.net> proto=ESMTP helo=<[10.1.1.1]>

        """
    }

    @Test func aRefusedSenderIsToldWithTheRangeToAdd() throws {
        let often = String(repeating: denial("unknown[10.9.0.5]"), count: 5)
        let found = findings(often + denial("h[2001:db8::5]"))
        #expect(found.map(\.name) == ["relay-access-denied", "relay-access-denied"])
        #expect(found.map(\.severity) == [.critical, .info])
        #expect(found[0].seen.hasPrefix("10.9.0.5 was refused 5 times"))
        // One try of a scanner is not an outage.
        #expect(findings(denial("unknown[10.9.0.5]")).map(\.severity) == [.warning])
        #expect(found[0].fix.contains(#"networks = ["vpc", "10.9.0.5/32"]"#))
        #expect(found[1].fix.contains(#""2001:db8::5/128""#))
    }

    @Test func oneThatStandsForOthersIsALoadBalancersAddress() throws {
        let around = MailLogExamination.Surroundings(loadBalancers: [try IPAddress("10.0.0.25"): "load balancer lb"])
        let found = findings(denial("unknown[10.0.0.25]"), around)
        #expect(found.map(\.severity) == [.critical])
        #expect(found[0].seen.contains("the own address of load balancer lb, which hides the senders'"))
    }

    private func delivery(_ status: String, _ relay: String = "none") -> String {
        "Nov 24 11:31:19 r1 postfix/smtp[9]: 3C1B: to=<a@example.net>, relay=\(relay), dsn=4.4.1, status=\(status)\n"
    }

    @Test func timeOutsOfSeveralServersAndNoDeliveryAreABlock() {
        func timeOut(_ address: String) -> String {
            "Nov 24 11:31:19 r1 postfix/smtp[9]: connect to mx[\(address)]:25: Connection timed out\n"
        }
        let two = timeOut("192.0.2.1") + timeOut("192.0.2.2")
        #expect(findings(two).map(\.name) == ["outbound-25-blocked"])
        #expect(findings(timeOut("192.0.2.1") + timeOut("192.0.2.1")).isEmpty)
        #expect(findings(two + delivery("sent (250 ok)", "mx[192.0.2.3]:25")).isEmpty)
        #expect(findings(two + delivery("sent (250 ok)", "ses[192.0.2.3]:587")).map(\.name) == ["outbound-25-blocked"])
    }

    @Test func aDeliveryWithinOnesOwnNetworksSaysNothingOfTheWayOut() {
        let two = ["192.0.2.1", "192.0.2.2"].map {
            "Nov 24 11:31:19 r1 postfix/smtp[9]: connect to mx[\($0)]:25: Connection timed out\n"
        }.joined()
        #expect(
            findings(two + delivery("sent (250 ok)", "mailbox.example.com[10.0.3.4]:25")).map(\.name)
                == ["outbound-25-blocked"]
        )
        // Nor is a host of one's own that does not answer AWS's block.
        let own = two.replacing("192.0.2.", with: "10.0.3.")
        #expect(findings(own).isEmpty)
    }

    /// Deliveries to as many domains.
    private func deliveries(_ count: Int, _ status: String, domains: Int) -> String {
        (0..<count).map { number in
            delivery(status, "mx[192.0.2.3]:25").replacing("example.net", with: "d\(number % domains).example")
        }.joined()
    }

    @Test(arguments: [
        (5, 5, 2, Finding.Severity.critical), (5, 6, 2, .warning), (5, 5, 1, .warning), (5, 46, 2, .info),
        // A quiet hour with a mistyped address.
        (1, 0, 1, .info), (4, 0, 2, .info),
    ])
    func deliveriesThatFailCountByTheirShareAndNumber(failed: Int, sent: Int, domains: Int, severity: Finding.Severity)
    {
        let good = deliveries(sent, "sent (250 ok)", domains: 1)
        let deferred = findings(good + deliveries(failed, "deferred (host said: 451 later)", domains: domains))
        #expect(deferred.map(\.name) == ["deliveries-deferred"])
        #expect(deferred[0].severity == severity)
        #expect(
            deferred[0].seen
                == "\(failed) of \(failed + sent) deliveries were put off (4xx): \(failed) x host said: 451 later"
        )
        let bounced = findings(good + deliveries(failed, "bounced (550 no)", domains: domains))
        #expect(bounced.map(\.name) == ["deliveries-bounced"])
        #expect(bounced[0].severity == severity)
    }

    @Test func whatExpiresIsABounce() {
        let line =
            "Nov 24 11:31:19 r1 postfix/qmgr[9]: 4bKZ9x1Qz8zP2: from=<a@b.c>, status=expired, returned to sender\n"
        #expect(findings(line).map(\.name) == ["deliveries-bounced"])
    }

    /// A queue's id may be of 52 letters and digits, and each delivery has delays of its own.
    @Test func failedHandshakesOfOneCauseAreCountedTogether() {
        let lines = (1...6).map { number in
            """
            Nov 24 11:31:19 r1 postfix/smtp[9]: 4bKZ9x\(number)Qz8zP2: to=<u\(number)@example.net>, relay=mx[192.0.2.3]:25, \
            delay=\(number), dsn=4.7.5, status=deferred (Cannot start TLS: handshake failure)

            """
        }.joined()
        let found = findings(lines).filter { $0.name == "tls-failures" }
        #expect(found.map(\.seen) == ["6 TLS handshakes failed: 6 x Cannot start TLS: handshake failure"])
    }
}
