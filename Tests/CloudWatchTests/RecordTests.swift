import AgentLog
import FoundationEssentials
import MailLogs
import Testing
import Vocabulary

@testable import CloudWatch

@Suite struct RecordTests {
    private func line(_ program: String, _ message: String, _ form: AddressForm = .whole) throws -> String {
        let event = try #require(MailEvent(MailLogEntry(program: program, message: message)))
        let instance = try InstanceID("i-0123456789abcdef0")
        return "\(MailEventRecord(event, time: 1_440_938_160, id: "mail-7-0", instance: instance, addresses: form))"
    }

    private static let head =
        #"{"time":"2015-08-30T12:36:00Z","instance":"i-0123456789abcdef0","log":"mail","id":"mail-7-0""#

    @Test(arguments: [
        (
            "smtpd", "3F2A1B00C4: client=app.internal[10.0.2.20]",
            #""event":"accepted","queue_id":"3F2A1B00C4","client":"app.internal","client_address":"10.0.2.20""#
        ),
        (
            "pickup", "3F2A1B00C4: uid=89 from=<a@example.com> orig_id=0A2A1B00C4",
            #""event":"submitted","queue_id":"3F2A1B00C4","former_id":"0A2A1B00C4""#
        ),
        (
            "cleanup", "3F2A1B00C4: message-id=<x@y>",
            #""event":"identified","queue_id":"3F2A1B00C4","message_id":"<x@y>""#
        ),
        (
            "qmgr", "3F2A1B00C4: from=<anna@example.com>, size=512, nrcpt=2 (queue active)",
            #""event":"queued","queue_id":"3F2A1B00C4","sender":"anna@example.com","size":512,"recipients":2"#
        ),
        (
            "smtp",
            """
            3F2A1B00C4: to=<b@example.org>, orig_to=<root>, relay=mx.example.org[192.0.2.1]:25, delay=1.23, \
            delays=0/0/1/0, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 0A2A1B00C4)
            """,
            """
            "event":"sent","queue_id":"3F2A1B00C4","recipient":"b@example.org","original_recipient":"root",\
            "relay":"mx.example.org[192.0.2.1]:25","delay":1.23,"code":"2.0.0","next_id":"0A2A1B00C4",\
            "text":"250 2.0.0 Ok: queued as 0A2A1B00C4"
            """
        ),
        (
            "qmgr", "3F2A1B00C4: from=<a@b>, status=expired, returned to sender",
            #""event":"expired","queue_id":"3F2A1B00C4""#
        ),
        (
            "bounce", "3F2A1B00C4: sender non-delivery notification: 0A2A1B00C4",
            #""event":"notice","queue_id":"3F2A1B00C4","notice_id":"0A2A1B00C4""#
        ),
        ("postsuper", "3F2A1B00C4: placed on hold", #""event":"held","queue_id":"3F2A1B00C4""#),
        ("qmgr", "3F2A1B00C4: removed", #""event":"removed","queue_id":"3F2A1B00C4""#),
        (
            "smtpd",
            "NOQUEUE: reject: RCPT from x[192.0.2.9]: 554 5.7.1 <c@d.example>: Relay access denied; from=<> to=<c@d.example> proto=ESMTP helo=<x>",
            #""event":"refused","stage":"RCPT","client":"x","client_address":"192.0.2.9","sender":"","recipient":"c@d.example","text":"554 5.7.1 <c@d.example>: Relay access denied""#
        ),
    ])
    func anEventIsALineOfJSON(program: String, message: String, members: String) throws {
        #expect(try line(program, message) == "\(Self.head),\(members)}")
    }

    @Test func noFieldHasAnAddressThatIsNotToLeaveTheHost() throws {
        let lines = [
            try line("qmgr", "3F2A1B00C4: from=<anna@example.com>, size=512, nrcpt=2 (queue active)", .masked),
            try line("cleanup", "3F2A1B00C4: message-id=<anna@example.com>", .masked),
            try line(
                "smtp",
                """
                3F2A1B00C4: to=<anna@example.com>, orig_to=<anna@example.com>, relay=none, delay=1, dsn=5.1.1, \
                status=bounced (unknown user: "anna"; <anna@example.com>)
                """,
                .masked
            ),
            try line(
                "smtpd",
                "NOQUEUE: reject: RCPT from x[192.0.2.9]: 554 <anna@example.com>: no; from=<anna@example.com> to=<anna@example.com>",
                .masked
            ),
        ]
        for line in lines { #expect(!line.contains("anna") && line.contains("a***@example.com"), "\(line)") }
        #expect(
            lines[2].contains(#"(unknown user"#) == false
                && lines[2].contains(#"unknown user: \"a***\"; <a***@example.com>"#)
        )
    }

    @Test func theAgentsLogIsALineOfJSON() throws {
        let event = AgentLogEvent(
            time: 1_440_938_160,
            level: "warning",
            step: "senders",
            text: "refused anna@example.com\n\u{1}\"\\"
        )
        let instance = try InstanceID("i-0123456789abcdef0")
        let line = "\(AgentLogRecord(event, id: "agent-1-0", instance: instance, addresses: .masked))"
        #expect(
            line == """
                {"time":"2015-08-30T12:36:00Z","instance":"i-0123456789abcdef0","log":"agent","id":"agent-1-0",\
                "level":"warning","step":"senders","text":"refused a***@example.com\\n\\u0001\\"\\\\"}
                """
        )
        let decoded = try JSONDecoder().decode([String: String].self, from: Data(Array(line.utf8)))
        #expect(decoded["text"] == "refused a***@example.com\n\u{1}\"\\")
    }
}
