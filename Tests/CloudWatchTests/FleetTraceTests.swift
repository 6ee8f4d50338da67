import AWS
import MailLogs
import Testing
import Vocabulary

@testable import CloudWatch

struct FleetTraceTests {
    /// A log group that finds events as the API does: each that has one of the terms.
    private struct Group: LogEventReading {
        let lines: [String]

        func events(
            of group: LogGroupName,
            fitting pattern: String,
            since start: Int,
            limit: Int
        ) async throws(AWSFailure) -> (events: [FoundLogEvent], areAll: Bool) {
            let terms = pattern.split(separator: "\"").filter { $0 != "?" && $0 != " ?" }
            let found = lines.filter { line in terms.contains { line.contains($0) } }
            return (found.map { FoundLogEvent(time: 1_440_938_160_000, message: $0, stream: "any") }, true)
        }
    }

    private static let here = "i-0123456789abcdef0"
    private static let there = "i-0fedcba9876543210"

    private static func lines(
        _ instance: String,
        _ form: AddressForm,
        _ entries: [(program: String, message: String)]
    ) throws -> [String] {
        let instance = try InstanceID(instance)
        return try entries.enumerated().map { index, entry in
            let event = try #require(MailEvent(MailLogEntry(program: entry.program, message: entry.message)))
            let id = "mail-7-\(index)"
            return "\(MailEventRecord(event, time: 1_440_938_160, id: id, instance: instance, addresses: form))"
        }
    }

    /// A message that one node hands over to another one.
    private static func handOver(_ form: AddressForm) throws -> [String] {
        try lines(
            here,
            form,
            [
                ("smtpd", "AAAAA1: client=app.internal[10.0.2.20]"), ("cleanup", "AAAAA1: message-id=<x@example.com>"),
                ("qmgr", "AAAAA1: from=<app@example.com>, size=512, nrcpt=1 (queue active)"),
                (
                    "smtp",
                    """
                    AAAAA1: to=<anna@example.org>, relay=r2.internal[10.0.1.11]:25, delay=1, delays=0/0/1/0, dsn=2.0.0, \
                    status=sent (250 2.0.0 Ok: queued as BBBBB1)
                    """
                ), ("qmgr", "AAAAA1: removed"), ("smtpd", "AAAAA2: client=app.internal[10.0.2.20]"),
            ]
        )
            + lines(
                there,
                form,
                [
                    ("smtpd", "BBBBB1: client=r1.internal[10.0.1.10]"),
                    ("qmgr", "BBBBB1: from=<app@example.com>, size=600, nrcpt=1 (queue active)"),
                    (
                        "smtp",
                        """
                        BBBBB1: to=<anna@example.org>, relay=mx.example.org[192.0.2.1]:25, delay=2, delays=0/0/1/0, \
                        dsn=5.1.1, status=bounced (host mx.example.org[192.0.2.1] said: 550 5.1.1 no such user)
                        """
                    ),
                    ("bounce", "BBBBB1: sender non-delivery notification: BBBBB2"), ("qmgr", "BBBBB1: removed"),
                    ("cleanup", "BBBBB2: message-id=<y@r2>"),
                ]
            )
    }

    private func traces(
        _ query: TraceQuery,
        _ form: AddressForm = .whole,
        _ lines: [String]
    ) async throws -> [(instance: String, trace: MailTrace)] {
        let group = try LogGroupName("/smtp-relay/mail")
        return try await FleetTrace(logs: Group(lines: lines), group: group, form: form, start: 0).traces(of: query)
    }

    private func text(_ trace: MailTrace) -> String { TraceReport(trace, relays: [], queue: nil).text }

    @Test(arguments: AddressForm.allCases)
    func mailIsFollowedFromNodeToNode(form: AddressForm) async throws {
        let found = try await traces(.messageID("<x@example.com>"), form, try Self.handOver(form))
        #expect(found.map(\.instance) == [Self.here, Self.there])
        let texts = found.map { text($0.trace) }
        #expect(texts[0].contains("AAAAA1: sent") && texts[0].contains("accepted from 10.0.2.20"))
        #expect(texts[1].contains("BBBBB1: bounced") && texts[1].contains("its sender is told by message BBBBB2"))
        #expect(!texts[0].contains("AAAAA2"))
        let reports = found.map { TraceReport($0.trace, relays: [], queue: nil) }
        #expect(TraceReport.exitStatus(of: reports) == 3)
    }

    @Test(arguments: AddressForm.allCases)
    func anAddressIsFoundInEachForm(form: AddressForm) async throws {
        for wanted in ["anna@example.org", "Anna@Example.org", "example.org"]
        where form == .hashed || wanted.first != "A" {
            let found = try await traces(.recipient(wanted), form, try Self.handOver(form))
            #expect(found.map(\.instance) == [Self.here, Self.there], "\(wanted)")
        }
        #expect(try await traces(.recipient("otto@example.org"), form, try Self.handOver(form)).isEmpty)
    }

    @Test func anEventThatCameTwiceCountsOnce() async throws {
        let lines = try Self.handOver(.whole)
        let found = try await traces(.queueID(try #require(QueueID("AAAAA1"))), .whole, lines + lines)
        #expect(text(found[0].trace).split(separator: "\n").count { $0.contains("sent to") } == 1)
    }

    @Test func refusedMailIsFoundByItsSender() async throws {
        let refused = """
            NOQUEUE: reject: RCPT from x[192.0.2.9]: 554 5.7.1 <c@d.example>: Relay access denied; from=<a@b.example> \
            to=<c@d.example> proto=ESMTP helo=<x>
            """
        let lines = try Self.lines(Self.there, .hashed, [("smtpd", refused)])
        let found = try await traces(.sender("a@b.example"), .hashed, lines)
        #expect(found.count == 1 && text(found[0].trace).contains("refused at RCPT"))
    }

    @Test func linesOfTheAgentAndOfOthersAreNoEvents() {
        for line in ["", "{}", "null", #"{"log":"agent","instance":"i-1","id":"agent-1-0"}"#, #"{"log":"mail"}"#] {
            #expect(RecordedMailEvent(line) == nil, "\(line)")
        }
    }
}
