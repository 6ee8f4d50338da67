import Host
import RelayTestSupport
import SystemPackage
import Testing
import Vocabulary

@testable import Doctor

struct MailLogTests {
    private func entries(_ lines: String) -> [MailLogEntry] { MailLogEntry.read(lines.split(separator: "\n")) }

    private func findings(_ lines: String, _ around: MailLogExamination.Surroundings = .init()) -> [Finding] {
        MailLogExamination.judge(MailLogDigest(entries(lines)), around, SystemdCommands())
    }

    @Test func programsOfPostfixAreReadAndTheSelfTestIsNot() {
        let found = entries(
            """
            Nov 24 11:31:19 r1 postfix/smtpd[12]: connect from app[10.0.2.20]
            Nov 24 11:31:19 r1 postfix/submission/smtpd[12]: connect from app[10.0.2.20]
            Nov 24 11:31:19 r1 postfix/smtpd[13]: NOQUEUE: reject: RCPT from self-test.smtp-relay-agent.internal[192.0.2.25]: 554
            Nov 24 11:31:19 r1 systemd[1]: Started postfix.service.
            postfix
             postfix/
             postfix/x y[1]: z
            """
        )
        #expect(found.map(\.program) == ["smtpd", "smtpd"])
        #expect(found.first?.message == "connect from app[10.0.2.20]")
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

    @Test func aServiceMayHaveANameOfItsOwn() {
        let lines = """
            Nov 24 11:31:19 postfix1 postfix-out/smtp[9]: a
            Nov 24 11:31:19 postfix postfix/smtp[9]: b
            Nov 24 11:31:19 r1 relay/smtp[9]: c
            2026-11-24T11:31:19.123456+01:00 r1 postfix/submission/smtpd[9]: d
            """.split(separator: "\n")
        #expect(MailLogEntry.read(lines).map(\.message) == ["a", "b", "d"])
        #expect(MailLogEntry.read(lines, of: "relay").map(\.message) == ["c"])
    }

    private static let journal = "journalctl -u postfix -u postfix@- -o short -q --no-pager -n 20000"
    private static let ownFile = "postconf -x syslog_name maillog_file"
    /// Postfix before 3.4 warns of the second parameter, and prints nothing of it.
    private static let none = CommandOutput(
        status: 0,
        standardOutput: "syslog_name = postfix\n",
        standardError: "unknown parameter"
    )
    private static let lines = CommandOutput(
        status: 0,
        standardOutput: "Nov 24 09:00:00 r1 postfix/smtp[1]: old\nNov 24 11:31:19 r1 postfix/smtp[1]: new\nnonsense\n"
    )

    private func messages(_ runner: ScriptedRunner, _ files: FileSystem) async throws -> [String] {
        let now = try #require(SyslogTime.seconds(of: "Nov 24 11:40:00", now: 1_795_521_000))
        return try await MailLog(runner: runner, files: files, now: now).read().entries.map(\.message)
    }

    @Test func theJournalsLastHourCounts() async throws {
        try await withTemporaryRoot { files in
            let found = try await messages(ScriptedRunner([Self.ownFile: Self.none, Self.journal: Self.lines]), files)
            #expect(found == ["new"])
        }
    }

    @Test func theFileIsReadWhereTheJournalHasNothing() async throws {
        try await withTemporaryRoot { files in
            try files.createDirectory("/var/log")
            try files.replace("/var/log/maillog", with: [], attributes: FileAttributes())
            let runner = ScriptedRunner([Self.ownFile: Self.none, "tail -n 20000 /var/log/maillog": Self.lines])
            runner.expect(Self.journal, failure: .notFound)
            #expect(try await messages(runner, files) == ["new"])
        }
    }

    @Test func aLogThatPostfixWritesItselfIsTheOne() async throws {
        let lines = "Nov 24 11:31:19 r1 postfix/smtp[1]: own\n"
        let runner = ScriptedRunner([
            Self.ownFile: CommandOutput(status: 0, standardOutput: "maillog_file = /var/log/postfix.log\n"),
            "tail -n 20000 /var/log/postfix.log": CommandOutput(status: 0, standardOutput: lines),
        ])
        #expect(try await messages(runner, FileSystem()) == ["own"])
    }

    @Test func aLineOfLastYearIsOfLastYear() throws {
        // 2 January 2026, noon in UTC.
        let now = 1_767_355_200
        let december = try #require(SyslogTime.seconds(of: "Dec 31 12:00:00 r1 x", now: now))
        #expect((1...3).contains((now - december) / 86400))
        // Without a zone it is no time of RFC 3339.
        #expect(SyslogTime.seconds(of: "2026-01-02T12:00:00 r1 x", now: now) == nil)
        #expect(SyslogTime.seconds(of: "", now: now) == nil)
    }

    @Test(arguments: [
        ("2026-01-02T12:00:00Z r1 x", 1_767_355_200), ("2026-01-02T12:00:00.118733+00:00 r1 x", 1_767_355_200),
        ("2026-01-02T13:30:00.1+01:30 r1 x", 1_767_355_200), ("2026-01-02T04:00:00-08:00 r1 x", 1_767_355_200),
        ("2026-01-02T12:00:00+0 r1", nil), ("2026-13-02T12:00:00Z r1", nil), ("2026-01-02T", nil), ("20", nil),
        ("2026-01-02T12:00:00.5x r1", nil),
    ])
    func aTimeOfRFC3339IsRead(line: String, seconds: Int?) {
        #expect(SyslogTime.seconds(of: line[...], now: 0) == seconds)
    }

    @Test func aLogWithoutATimeIsSaidToBeUnreadable() async throws {
        let lines = "@400000005f1 r1 postfix/smtp[1]: x\n@400000005f2 r1 postfix/smtp[1]: y\n"
        let runner = ScriptedRunner([
            Self.ownFile: CommandOutput(status: 0, standardOutput: "maillog_file = /var/log/postfix.log\n"),
            "tail -n 20000 /var/log/postfix.log": CommandOutput(status: 0, standardOutput: lines),
        ])
        let reading = try await MailLog(runner: runner, files: FileSystem(), now: 1_767_355_200).read()
        #expect(reading.entries.isEmpty)
        #expect(reading.unreadable == "@400000005f2 r1 postfix/smtp[1]: y")
        #expect(MailLogExamination.unreadable("x").name == "mail-log-unreadable")
    }
}
