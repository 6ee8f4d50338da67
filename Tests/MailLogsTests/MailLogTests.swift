import Host
import RelayTestSupport
import SystemPackage
import Testing
import Vocabulary

@testable import MailLogs

struct MailLogTests {
    private static let now = 1_795_521_600

    private func entries(_ lines: [Substring]) -> [MailLogEntry] {
        lines.compactMap { MailLogEntry($0, now: Self.now) }
    }

    @Test func programsOfPostfixAreReadAndTheSelfTestIsNot() {
        let log = """
            Nov 24 11:31:19 r1 postfix/smtpd[12]: connect from app[10.0.2.20]
            Nov 24 11:31:19 r1 postfix/submission/smtpd[12]: connect from app[10.0.2.20]
            Nov 24 11:31:19 r1 postfix/smtpd[13]: NOQUEUE: reject: RCPT from self-test.smtp-relay-agent.internal[192.0.2.25]: 554
            Nov 24 11:31:19 r1 systemd[1]: Started postfix.service.
            postfix
             postfix/
             postfix/x y[1]: z
            """
        let found = entries(log.split(separator: "\n"))
        #expect(found.map(\.program) == ["smtpd", "smtpd"])
        #expect(found.first?.message == "connect from app[10.0.2.20]")
    }

    @Test func aServiceMayHaveANameOfItsOwn() {
        let lines = """
            Nov 24 11:31:19 postfix1 postfix-out/smtp[9]: a
            Nov 24 11:31:19 postfix postfix/smtp[9]: b
            Nov 24 11:31:19 r1 relay/smtp[9]: c
            2026-11-24T11:31:19.123456+01:00 r1 postfix/submission/smtpd[9]: d
            """.split(separator: "\n")
        #expect(entries(lines).map(\.message) == ["a", "b", "d"])
        #expect(lines.compactMap { MailLogEntry($0, of: "relay", now: Self.now) }.map(\.message) == ["b", "c", "d"])
    }

    @Test func aTraceGoesByNoName() {
        let lines = """
            Nov 24 11:31:19 r1 former/smtp[9]: a
            Nov 24 11:31:19 r1 a/b-c/smtpd[9]: b
            Nov 24 11:31:19 r1 /smtpd[9]: c
            Nov 24 11:31:19 r1 run/parts[9]: d
            Nov 24 11:31:19 r1 smtpd[9]: e
            """.split(separator: "\n")
        #expect(lines.compactMap { MailLogEntry($0, of: .any, now: Self.now) }.map(\.message) == ["a", "b"])
    }

    private static let journal = (MailLogSource.journalCommand + ["-n", "20000"]).joined(separator: " ")
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
    }

    @Test(arguments: [
        ("Dec 01 19:14:26 relay systemd-journald[61]: Suppressed 1500 messages from postfix.service", 1500),
        ("Dec 01 19:14:26 relay systemd-journal[61]: Suppressed 23 messages from /system.slice/postfix.service", 23),
        ("Dec 01 19:14:26 relay systemd-journald[61]: Suppressed 7 messages from postfix@-.service", 7),
        ("Dec 01 19:14:26 relay systemd-journald[61]: Suppressed 7 messages from nginx.service", 0),
        ("Dec 01 19:14:26 relay systemd-journald[61]: Journal started", 0),
    ])
    func linesThatJournaldHasDroppedAreCounted(line: String, count: Int) {
        #expect(MailLog.suppressed(in: line[...]) == count)
    }
}
