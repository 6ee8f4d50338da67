import RelayTestSupport
import Testing
import Vocabulary

@testable import MailLogs

struct TraceTests {
    /// Half past eleven on 24 November 2026, in UTC.
    private static let now = 1_795_519_800

    private func steps(_ log: String) -> [TracedMessage.Step] {
        log.split(separator: "\n").compactMap { line in
            guard let entry = MailLogEntry(line, now: Self.now), let event = MailEvent(entry) else { return nil }
            return TracedMessage.Step(time: entry.time, event: event)
        }
    }

    private func messages(_ log: String, _ query: TraceQuery) -> [TracedMessage] {
        var history = MessageHistory()
        let steps = steps(log)
        history.add(steps, of: Set(steps.compactMap(\.event.queueID)))
        return history.messages(of: query)
    }

    private func report(_ log: String, _ query: TraceQuery, queue: [String: Int?]? = nil) throws -> TraceReport {
        let verdicts = steps(log).filter { $0.event.queueID == nil && query.matches($0.event) }
        let messages = messages(log, query)
        let trace = MailTrace(query, messages: messages, verdicts: verdicts, reachesBackTo: Self.now - 3600)
        return TraceReport(trace, relays: [try IPNetwork("10.0.0.0/16")], queue: queue)
    }

    private static let sent = """
        2026-11-24T11:00:00Z r1 postfix/smtpd[1]: 3F2A1B00C4: client=app[10.0.2.20]
        2026-11-24T11:00:00Z r1 postfix/cleanup[1]: 3F2A1B00C4: message-id=<1@example.com>
        2026-11-24T11:00:00Z r1 postfix/qmgr[1]: 3F2A1B00C4: from=<app@example.com>, size=300, nrcpt=1 (queue active)
        2026-11-24T11:00:01Z r1 postfix/smtp[1]: 3F2A1B00C4: to=<b@example.net>, relay=mx[192.0.2.1]:25, delay=1, dsn=2.0.0, status=sent (250 2.0.0 Ok)
        2026-11-24T11:00:01Z r1 postfix/qmgr[1]: 3F2A1B00C4: removed

        """
    /// A later message that was given the same id.
    private static let deferred = """
        2026-11-24T11:10:00Z r1 postfix/smtpd[1]: 3F2A1B00C4: client=web[10.0.2.21]
        2026-11-24T11:10:00Z r1 postfix/cleanup[1]: 3F2A1B00C4: message-id=<2@example.com>
        2026-11-24T11:10:00Z r1 postfix/qmgr[1]: 3F2A1B00C4: from=<web@example.com>, size=301, nrcpt=1 (queue active)
        2026-11-24T11:10:01Z r1 postfix/smtp[1]: 3F2A1B00C4: to=<c@example.net>, relay=mx[192.0.2.1]:25, delay=1, dsn=4.7.1, status=deferred (host mx said: 451 4.7.1 later)

        """

    @Test func eachStepIsShownWithItsTime() throws {
        let report = try report(Self.sent, .recipient("B@example.net"))
        #expect(report.exitStatus == 0)
        #expect(
            report.text == """
                3F2A1B00C4: sent, from app@example.com, 300 bytes, Message-ID <1@example.com>
                  2026-11-24T11:00:00Z  accepted from 10.0.2.20 (app)
                  2026-11-24T11:00:01Z  sent to b@example.net by mx[192.0.2.1]:25: 250 2.0.0 Ok
                  2026-11-24T11:00:01Z  done: it has left the queue

                The log reaches back to 2026-11-24T10:30:00Z.

                """
        )
    }

    @Test(arguments: [
        TraceQuery.recipient("b@example.net"), .recipient("example.net"), .sender("app@example.com"),
        .sender("EXAMPLE.com"), .messageID("<1@example.com>"), .clientName("APP"),
    ])
    func aMessageIsFoundByWhateverIsKnownOfIt(query: TraceQuery) {
        #expect(messages(Self.sent, query).count == 1)
    }

    @Test(arguments: [
        TraceQuery.recipient("a@example.net"), .recipient("ample.net"), .sender("b@example.net"), .sender(""),
        .messageID("<x@example.com>"), .clientName("ap"),
    ])
    func aMessageIsNotFoundByOtherThings(query: TraceQuery) {
        #expect(messages(Self.sent, query).isEmpty)
    }

    @Test func aClientIsFoundByItsAddressHoweverItIsWritten() throws {
        #expect(messages(Self.sent, .client(try IPAddress("10.0.2.20"))).count == 1)
        #expect(messages(Self.sent, .client(try IPAddress("10.0.2.2"))).isEmpty)
        let log = Self.sent.replacing("[10.0.2.20]", with: "[2001:db8::5]")
        let query = TraceQuery.client(try IPAddress("2001:DB8:0::5"))
        #expect(messages(log, query).count == 1)
        #expect(log.contains(query.text))
    }

    /// The lines that are looked for have the text that the query is searched by.
    @Test func eachLineThatAQueryMeansHasItsText() throws {
        let log = Self.sent + Self.refusal("554 no")
        let id = try #require(QueueID("3F2A1B00C4"))
        for query in [
            TraceQuery.recipient("b@example.net"), .recipient("example.net"), .sender("app@example.com"),
            .sender("example.org"),
            .messageID("<1@example.com>"), .clientName("app"), .client(try IPAddress("10.9.0.5")), .queueID(id),
        ] {
            let lines = log.split(separator: "\n").filter { line in
                MailLogEntry(line, now: Self.now).flatMap(MailEvent.init).map(query.matches) ?? false
            }
            #expect(!lines.isEmpty && lines.allSatisfy { $0.contains(query.text) }, "\(query)")
        }
        #expect(TraceQuery.sender("").text == "from=<>")
    }

    @Test func anIdThatIsGivenAgainIsAnotherMessage() throws {
        let both = Self.sent + Self.deferred
        #expect(messages(both, .messageID("<2@example.com>")).map(\.sender) == ["web@example.com"])
        let id = try #require(QueueID("3F2A1B00C4"))
        #expect(messages(both, .queueID(id)).map(\.messageID) == ["<1@example.com>", "<2@example.com>"])
        #expect(try report(both, .queueID(id)).exitStatus == 2)
    }

    @Test func waitingMailIsToldWithItsNextTry() throws {
        let report = try report(Self.deferred, .recipient("c@example.net"), queue: ["3F2A1B00C4": Self.now + 60])
        #expect(report.exitStatus == 2)
        #expect(report.text.hasPrefix("3F2A1B00C4: waiting, next try 2026-11-24T11:31:00Z, from web@example.com"))
        #expect(report.text.contains("deferred for c@example.net by mx[192.0.2.1]:25: host mx said: 451 4.7.1 later"))
        #expect(report.json.contains(#""nextTry" : "2026-11-24T11:31:00Z""#))
    }

    private func line(_ program: String, _ message: String) -> String {
        "2026-11-24T11:20:00Z r1 postfix/\(program)[1]: \(message)\n"
    }

    @Test func aBounceIsShownWithItsNotice() throws {
        let log =
            Self.deferred.replacing("status=deferred", with: "status=bounced")
            + line("bounce", "3F2A1B00C4: sender non-delivery notification: 0A2A1B00C4")
            + line("cleanup", "0A2A1B00C4: message-id=<n@r1>")
            + line("qmgr", "0A2A1B00C4: from=<>, size=900, nrcpt=1 (queue active)")
            + line("smtp", "0A2A1B00C4: to=<web@example.com>, relay=none, delay=1, dsn=4.4.1, status=deferred (no)")
        let report = try report(log, .recipient("c@example.net"))
        // The notice waits, and that is not the message's own fate.
        #expect(report.exitStatus == 3)
        #expect(report.text.contains("its sender is told by message 0A2A1B00C4"))
        #expect(report.text.contains("\n0A2A1B00C4: waiting, from <>"))
    }

    @Test func mailThatExpiredOrWasDeletedIsNotSent() throws {
        let expired =
            Self.deferred + line("qmgr", "3F2A1B00C4: from=<web@example.com>, status=expired, returned to sender")
        #expect(try report(expired, .recipient("c@example.net")).exitStatus == 3)
        let deleted = Self.deferred + line("postsuper", "3F2A1B00C4: removed")
        let report = try report(deleted, .recipient("c@example.net"))
        #expect(report.exitStatus == 3)
        #expect(report.text.contains("deleted by an operator"))
    }

    @Test func mailOnHoldWaits() throws {
        let held = Self.deferred + line("postsuper", "3F2A1B00C4: placed on hold")
        #expect(try report(held, .recipient("c@example.net")).text.hasPrefix("3F2A1B00C4: on hold"))
        let released = held + line("postsuper", "3F2A1B00C4: released from hold")
        #expect(try report(released, .recipient("c@example.net")).text.hasPrefix("3F2A1B00C4: waiting"))
    }

    @Test func mailThatAnotherRelayHasTakenIsHandedOver() throws {
        let log = Self.sent.replacing(
            "relay=mx[192.0.2.1]:25, delay=1, dsn=2.0.0, status=sent (250 2.0.0 Ok)",
            with: "relay=10.0.1.5[10.0.1.5]:25, delay=1, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 0A2A1B00C4)"
        )
        let report = try report(log, .recipient("b@example.net"))
        #expect(
            report.text.contains(
                "handed over to the relay 10.0.1.5[10.0.1.5]:25 for b@example.net, where it is 0A2A1B00C4"
            )
        )
        #expect(report.json.contains(#""event" : "handed over""#))
        let next = try #require(QueueID("0A2A1B00C4"))
        #expect(messages(log, .queueID(next)).map(\.id.description) == ["3F2A1B00C4"])
    }

    @Test func mailThatWasRequeuedIsFollowed() throws {
        let log =
            Self.deferred + line("postsuper", "3F2A1B00C4: requeued")
            + line("pickup", "0A2A1B00C4: uid=89 from=<web@example.com> orig_id=3F2A1B00C4")
            + line(
                "smtp",
                "0A2A1B00C4: to=<c@example.net>, relay=mx[192.0.2.1]:25, delay=1, dsn=2.0.0, status=sent (250)"
            )
        let found = messages(log, .messageID("<2@example.com>"))
        #expect(found.map(\.id.description) == ["3F2A1B00C4", "0A2A1B00C4"])
        let report = try report(log, .messageID("<2@example.com>"))
        #expect(report.exitStatus == 0)
        #expect(report.text.hasPrefix("3F2A1B00C4: requeued, from web@example.com"))
    }

    private static func refusal(_ answer: String) -> String {
        """
        2026-11-24T11:20:00Z r1 postfix/smtpd[1]: NOQUEUE: reject: RCPT from unknown[10.9.0.5]: \(answer); from=<a@example.org> \
        to=<b@example.net> proto=ESMTP helo=<x>

        """
    }

    @Test func mailThatWasNeverTakenIsFound() throws {
        let refused = try report(Self.refusal("554 5.7.1 Relay access denied"), .recipient("b@example.net"))
        #expect(refused.exitStatus == 3)
        #expect(
            refused.text.contains(
                "refused at RCPT: mail of a@example.org for b@example.net from 10.9.0.5: 554 5.7.1 Relay access denied"
            )
        )
        let putOff = Self.refusal("450 4.7.1 later")
        #expect(try report(putOff, .client(try IPAddress("10.9.0.5"))).exitStatus == 2)
        // It came in by a later try, or by one before.
        let early = putOff.replacing("11:20:00", with: "10:50:00")
        #expect(try report(early + Self.sent, .recipient("b@example.net")).exitStatus == 0)
        #expect(try report(putOff + Self.sent, .recipient("b@example.net")).exitStatus == 2)
        // A message that was taken does not make up for one that was not.
        let refusedEarly = Self.refusal("554 5.7.1 no").replacing("11:20:00", with: "10:50:00")
        #expect(try report(refusedEarly + Self.sent, .recipient("b@example.net")).exitStatus == 3)
    }

    @Test func eachRecipientHasAFateOfItsOwn() throws {
        let log = Self.deferred.replacing("nrcpt=1", with: "nrcpt=3")
        let sent = line("smtp", "3F2A1B00C4: to=<d@example.net>, relay=none, delay=1, dsn=2.0.0, status=sent (250)")
        let refused = line(
            "smtpd",
            "3F2A1B00C4: reject: RCPT from web[10.0.2.21]: 554 5.7.1 no; from=<web@example.com> to=<e@example.net> proto=SMTP helo=<w>"
        )
        let whole = log + sent + refused
        #expect(try report(whole, .recipient("c@example.net")).exitStatus == 2)
        #expect(try report(whole, .recipient("d@example.net")).exitStatus == 0)
        #expect(try report(whole, .recipient("e@example.net")).exitStatus == 3)
        // The third was not tried yet.
        let rest = log.replacing("status=deferred", with: "status=sent") + sent
        #expect(try report(rest, .sender("web@example.com")).exitStatus == 2)
        #expect(
            try report(rest + line("postsuper", "3F2A1B00C4: placed on hold"), .sender("web@example.com")).text
                .hasPrefix(
                    "3F2A1B00C4: on hold"
                )
        )
        #expect(try report(rest + line("postsuper", "3F2A1B00C4: removed"), .sender("web@example.com")).exitStatus == 3)
        #expect(try report(rest + line("qmgr", "3F2A1B00C4: removed"), .sender("web@example.com")).exitStatus == 0)
    }

    @Test func mailThatIsGoneDoesNotWait() throws {
        let query = TraceQuery.recipient("c@example.net")
        // The log lacks its last lines.
        #expect(
            try report(Self.deferred, query, queue: [:]).text.hasPrefix(
                "3F2A1B00C4: gone, and the log does not say where"
            )
        )
        let removed = Self.deferred + line("qmgr", "3F2A1B00C4: removed")
        #expect(try report(removed, query).text.hasPrefix("3F2A1B00C4: gone"))
        #expect(try report(Self.deferred, query, queue: ["3F2A1B00C4": nil]).text.hasPrefix("3F2A1B00C4: waiting,"))
        let web = TraceQuery.clientName("web")
        let accepted = line("smtpd", "3F2A1B00C4: client=web[10.0.2.21]")
        #expect(try report(accepted, web, queue: [:]).text.hasPrefix("3F2A1B00C4: not taken"))
        #expect(try report(accepted, web, queue: ["3F2A1B00C4": nil]).exitStatus == 2)
        let discarded =
            accepted
            + line(
                "cleanup",
                "3F2A1B00C4: discard: header Subject: x from web[10.0.2.21]; from=<a@x> to=<b@y> proto=SMTP helo=<w>: spam"
            )
        #expect(try report(discarded, web, queue: [:]).text.hasPrefix("3F2A1B00C4: discarded"))
        #expect(try report(discarded, .recipient("b@y"), queue: [:]).exitStatus == 3)
    }

    @Test func aRequeuedMessageThatIsNotTakenUpYetWaits() throws {
        let log = Self.deferred + line("postsuper", "3F2A1B00C4: requeued")
        #expect(try report(log, .recipient("c@example.net"), queue: [:]).exitStatus == 2)
    }

    @Test func aProbeOfAnAddressIsNoMail() throws {
        let log = Self.deferred.replacing("status=deferred", with: "status=undeliverable")
        let report = try report(log + line("qmgr", "3F2A1B00C4: removed"), .recipient("c@example.net"))
        #expect(report.exitStatus == 0)
        #expect(report.text.hasPrefix("3F2A1B00C4: a probe of an address"))
    }

    @Test func mailThatIsNotInTheLogIsNotFound() throws {
        let report = try report(Self.sent, .recipient("nobody@example.net"))
        #expect(report.exitStatus == 1)
        #expect(report.text.hasPrefix("No such mail is in this node's log.\n"))
    }

    /// Senders choose much of what stands in a log.
    @Test func whateverIsLoggedIsShownInPlainLines() async throws {
        await fuzz(300) { chance in
            let log = chance.mutation(of: [Self.sent, Self.deferred, Self.refusal("554 no")])
            for query in [TraceQuery.recipient("example.net"), .clientName("unknown")] {
                let report = try? report(log, query)
                let lines = report?.text.split(separator: "\n") ?? []
                #expect(!lines.isEmpty && lines.allSatisfy { String($0).isOnePlainLine }, "\(chance)")
                #expect(report?.json.isEmpty == false, "\(chance)")
            }
        }
    }
}
