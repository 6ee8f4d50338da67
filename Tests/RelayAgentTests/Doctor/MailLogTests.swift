import Host
import RelayTestSupport
import SystemPackage
import Testing
import Vocabulary

@testable import RelayAgent

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
        let found = findings(denial("unknown[10.9.0.5]") + denial("unknown[10.9.0.5]") + denial("h[2001:db8::5]"))
        #expect(found.map(\.name) == ["relay-access-denied", "relay-access-denied"])
        #expect(found.map(\.severity) == [.critical, .warning])
        #expect(found[0].seen.hasPrefix("10.9.0.5 was refused 2 times"))
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

    @Test(arguments: [(1, Finding.Severity.critical), (3, .warning), (30, .info)])
    func deliveriesThatFailCountByTheirShare(sent: Int, severity: Finding.Severity) {
        let good = String(repeating: delivery("sent (250 ok)", "mx[192.0.2.3]:25"), count: sent)
        let found = findings(good + delivery("deferred (host said: 451 later)"))
        #expect(found.map(\.name) == ["deliveries-deferred"])
        #expect(found[0].severity == severity)
        #expect(found[0].seen == "1 of \(sent + 1) deliveries were put off (4xx): 1 x host said: 451 later")
        #expect(findings(good + delivery("bounced (550 no)")).map(\.name) == ["deliveries-bounced"])
    }

    private static let journal = "journalctl -u postfix -u postfix@- -o short -q --no-pager -n 20000"
    private static let ownFile = "postconf -h maillog_file"
    /// Postfix before 3.4 warns of the parameter, and prints nothing.
    private static let none = CommandOutput(status: 0, standardError: "unknown parameter")
    private static let lines = CommandOutput(
        status: 0,
        standardOutput: "Nov 24 09:00:00 r1 postfix/smtp[1]: old\nNov 24 11:31:19 r1 postfix/smtp[1]: new\nnonsense\n"
    )

    private func messages(_ runner: ScriptedRunner, _ files: FileSystem) async throws -> [String] {
        let now = try #require(SyslogTime.seconds(of: "Nov 24 11:40:00", now: 1_795_521_000))
        return try await MailLog(runner: runner, files: files, now: now).entries().map(\.message)
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
            Self.ownFile: CommandOutput(status: 0, standardOutput: "/var/log/postfix.log\n"),
            "tail -n 20000 /var/log/postfix.log": CommandOutput(status: 0, standardOutput: lines),
        ])
        #expect(try await messages(runner, FileSystem()) == ["own"])
    }

    @Test func aLineOfLastYearIsOfLastYear() throws {
        // 2 January 2026, noon in UTC.
        let now = 1_767_355_200
        let december = try #require(SyslogTime.seconds(of: "Dec 31 12:00:00 r1 x", now: now))
        #expect((1...3).contains((now - december) / 86400))
        #expect(SyslogTime.seconds(of: "2026-01-02T12:00:00 r1 x", now: now) == nil)
        #expect(SyslogTime.seconds(of: "", now: now) == nil)
    }
}
