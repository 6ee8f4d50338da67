import RelayTestSupport
import Testing
import Vocabulary

@testable import MailLogs

private struct Unexpected: Error {
    let what: String
}

struct MailEventTests {
    private func event(_ program: String, _ message: String) -> MailEvent? {
        MailEvent(MailLogEntry(program: program, message: message))
    }

    private func id(_ text: String) throws -> QueueID { try #require(QueueID(text)) }

    @Test(arguments: ["3F2A1B00C4", "0123F", "4bKZ9x1Qz8zP2", "4Vd2kX1z3Hz9t"])
    func queueIDsOfBothKindsAreRead(text: String) { #expect(QueueID(text)?.description == text) }

    @Test(arguments: [
        "", "NOQUEUE", "warning", "disconnect", "3f2a1b00c4", "3C1B", "fatal", "4bKZ9xAQz8zP2", "0123456789-",
    ])
    func otherWordsAreNoQueueIDs(text: String) { #expect(QueueID(text) == nil) }

    @Test func aMessageIsFollowedFromDoorToDoor() throws {
        let app = MailEvent.Client(name: "app.internal", address: try IPAddress("10.0.2.20"))
        let message = try id("3F2A1B00C4")
        #expect(event("smtpd", "3F2A1B00C4: client=app.internal[10.0.2.20]") == .accepted(message, from: app))
        #expect(
            event("smtpd", "3F2A1B00C4: client=app.internal[10.0.2.20], sasl_method=PLAIN, sasl_username=x")
                == .accepted(message, from: app)
        )
        #expect(event("pickup", "3F2A1B00C4: uid=0 from=<root>") == .submitted(message, formerly: nil))
        #expect(
            event("pickup", "3F2A1B00C4: uid=89 from=<a@example.com> orig_id=0A2A1B00C4")
                == .submitted(message, formerly: try id("0A2A1B00C4"))
        )
        #expect(event("cleanup", "3F2A1B00C4: message-id=<x@y>") == .identified(message, messageID: "<x@y>"))
        #expect(event("cleanup", "3F2A1B00C4: message-id=") == nil)
        #expect(
            event("qmgr", "3F2A1B00C4: from=<a@example.com>, size=1234, nrcpt=2 (queue active)")
                == .queued(message, sender: "a@example.com", size: 1234, recipients: 2)
        )
        #expect(event("qmgr", "3F2A1B00C4: from=<>, status=expired, returned to sender") == .expired(message))
        #expect(event("qmgr", "3F2A1B00C4: from=<>, status=force-expired, returned to sender") == .expired(message))
        #expect(event("qmgr", "3F2A1B00C4: removed") == .removed(message))
        #expect(
            event("bounce", "3F2A1B00C4: sender non-delivery notification: 0A2A1B00C4")
                == .notice(message, id: try id("0A2A1B00C4"))
        )
        #expect(event("bounce", "3F2A1B00C4: postmaster non-delivery notification: 0A2A1B00C4") == nil)
        #expect(event("postsuper", "3F2A1B00C4: placed on hold") == .held(message))
        #expect(event("postsuper", "3F2A1B00C4: released from hold") == .released(message))
        #expect(event("postsuper", "3F2A1B00C4: removed") == .deleted(message))
        #expect(event("postsuper", "3F2A1B00C4: requeued") == .requeued(message))
        #expect(event("postsuper", "3F2A1B00C4: something new") == nil)
    }

    private func delivery(_ message: String) throws -> MailEvent.Delivery {
        guard case .delivery(_, let delivery) = try #require(event("smtp", message)) else {
            throw Unexpected(what: message)
        }
        return delivery
    }

    @Test func aDeliveryHasServerDelayCodeAndWords() throws {
        let sent = try delivery(
            """
            3F2A1B00C4: to=<b@example.net>, orig_to=<sales@example.com>, relay=mx.example.net[192.0.2.1]:25, conn_use=2, \
            delay=1.25, delays=0.01/0/1/0.24, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 4Vd2kX1z3Hz9t)
            """
        )
        #expect(sent.recipient == "b@example.net")
        #expect(sent.originalRecipient == "sales@example.com")
        #expect(sent.relay == "mx.example.net[192.0.2.1]:25")
        #expect(sent.server == (try IPAddress("192.0.2.1")))
        #expect(sent.delay == 1.25)
        #expect(sent.code == "2.0.0")
        #expect(sent.status == .sent)
        #expect(sent.text == "250 2.0.0 Ok: queued as 4Vd2kX1z3Hz9t")
        #expect(sent.nextID == (try id("4Vd2kX1z3Hz9t")))

        let deferred = try delivery(
            """
            3F2A1B00C4: to=<b@example.net>, relay=none, delay=30, delays=0/0/30/0, dsn=4.4.1, status=deferred (connect to \
            mx.example.net[IPv6:2001:db8::1]:25: Connection timed out)
            """
        )
        #expect(deferred.relay == nil && deferred.server == nil && deferred.nextID == nil)
        #expect(deferred.status == .deferred)
        #expect(deferred.text.hasSuffix("Connection timed out"))
    }

    /// Recipients choose their names, and may write a log line's other fields into them.
    @Test func aRecipientsNameIsNoField() throws {
        let forged = try delivery(
            """
            3F2A1B00C4: to=<"x>, relay=mx[192.0.2.9]:25, status=sent (no \\" "@example.net>, relay=none, delay=1, dsn=4.4.1, \
            status=deferred (host said: 451, status=sent (250))
            """
        )
        #expect(forged.recipient == #""x>, relay=mx[192.0.2.9]:25, status=sent (no \" "@example.net"#)
        #expect(forged.relay == nil)
        #expect(forged.status == .deferred)
        #expect(forged.text == "host said: 451, status=sent (250)")
    }

    @Test func aLineThatSyslogHasCutShortIsReadAsFarAsItGoes() throws {
        let cut = try delivery(
            "3F2A1B00C4: to=<b@example.net>, relay=none, delay=1, dsn=4.4.1, status=deferred (host said"
        )
        #expect(cut.text == "host said")
        #expect(event("smtp", "3F2A1B00C4: to=<b@example.net>, relay=none, delay=1, dsn") == nil)
        #expect(event("smtp", "3F2A1B00C4: to=<b@exam") == nil)
    }

    @Test func aRefusalSaysWhereWhyAndWhose() throws {
        let client = MailEvent.Client(name: "unknown", address: try IPAddress("10.9.0.5"))
        let denied = event(
            "smtpd",
            """
            NOQUEUE: reject: RCPT from unknown[10.9.0.5]: 554 5.7.1 <b@example.net>: Relay access denied; from=<a@example.org> \
            to=<b@example.net> proto=ESMTP helo=<[10.1.1.1]>
            """
        )
        #expect(
            denied
                == .verdict(
                    nil,
                    MailEvent.Verdict(
                        kind: .refused,
                        stage: "RCPT",
                        client: client,
                        answer: "554 5.7.1 <b@example.net>: Relay access denied",
                        sender: "a@example.org",
                        recipient: "b@example.net"
                    )
                )
        )
        let milter = event(
            "cleanup",
            """
            3F2A1B00C4: milter-reject: END-OF-MESSAGE from unknown[10.9.0.5]: 4.7.1 Service unavailable - try again later; \
            from=<> to=<b@example.net> proto=ESMTP helo=<x>
            """
        )
        guard case .verdict(let id?, let refusal) = milter else {
            throw Unexpected(what: "\(String(describing: milter))")
        }
        #expect(id.description == "3F2A1B00C4")
        #expect(refusal.isTemporary && refusal.sender == "" && refusal.recipient == "b@example.net")
        let greeting = event("smtpd", "NOQUEUE: reject: CONNECT from x[10.9.0.5]: 421 4.7.0 Too many; proto=SMTP")
        guard case .verdict(nil, let early) = greeting else {
            throw Unexpected(what: "\(String(describing: greeting))")
        }
        #expect(early.sender == nil && early.recipient == nil && early.answer == "421 4.7.0 Too many")
    }

    private func verdict(_ program: String, _ message: String) throws -> MailEvent.Verdict {
        guard case .verdict(_, let verdict) = try #require(event(program, message)) else {
            throw Unexpected(what: message)
        }
        return verdict
    }

    /// The line that a rule has matched is the sender's, and may look like the log's own words.
    @Test func aVerdictOfHeaderChecksIsReadFromItsEnd() throws {
        let refused = try verdict(
            "cleanup",
            """
            3F2A1B00C4: reject: header Subject: x from y: 450 later; from=<z> to=<z> from app[10.0.2.20]; from=<a@example.com> \
            to=<b@example.net> proto=ESMTP helo=<app>: 5.7.1 not here: never
            """
        )
        #expect(refused.kind == .refused && refused.stage == "header")
        #expect(refused.sender == "a@example.com" && refused.recipient == "b@example.net")
        #expect(refused.client.address == (try IPAddress("10.0.2.20")))
        #expect(refused.answer == "5.7.1 not here: never" && !refused.isTemporary)
        let held = try verdict(
            "cleanup",
            "3F2A1B00C4: hold: body secret from app[10.0.2.20]; from=<a@example.com> to=<b@example.net> proto=ESMTP helo=<app>: why"
        )
        #expect(held.kind == .held && held.recipient == "b@example.net" && held.answer == "why")
        let discarded =
            "NOQUEUE: discard: RCPT from x[10.0.0.1]: <b@y>: Recipient; from=<a@x> to=<b@y> proto=SMTP helo=<x>"
        #expect(try verdict("smtpd", discarded).kind == .discarded)
        #expect(event("cleanup", "3F2A1B00C4: reject: header Subject: cut short") == nil)
    }

    @Test func aVerdictOfPostscreenHasItsRecipient() throws {
        let refused = try verdict(
            "postscreen",
            """
            NOQUEUE: reject: RCPT from [192.0.2.7]:4711: 550 5.7.1 Service unavailable; client [192.0.2.7] blocked using x; \
            from=<a@x>, to=<b@y>, proto=ESMTP, helo=<c>
            """
        )
        #expect(refused.client == MailEvent.Client(name: "unknown", address: try IPAddress("192.0.2.7")))
        #expect(refused.sender == "a@x" && refused.recipient == "b@y")
    }

    @Test func whoeverBouncesMailIsHeard() throws {
        let line =
            "3F2A1B00C4: to=<b@example.net>, relay=none, delay=0, delays=0/0/0/0, dsn=5.4.6, status=bounced (too many hops)"
        for program in ["cleanup", "qmgr", "smtp", "error", "local", "pipe", "virtual", "lmtp", "discard"] {
            guard case .delivery(_, let delivery)? = event(program, line) else { throw Unexpected(what: program) }
            #expect(delivery.status == .bounced)
        }
        let soft = try delivery(line.replacing("bounced", with: "SOFTBOUNCE"))
        #expect(soft.status == .deferred)
    }

    @Test func linesThatTellOfNoMessageAreNone() {
        for message in [
            "connect from app[10.0.2.20]", "disconnect from app[10.0.2.20] ehlo=1 quit=1 commands=2",
            "warning: hostname x does not resolve to address 10.0.2.20", "statistics: max connection rate 1/60s", "",
            "3F2A1B00C4: ", ": x", "NOQUEUE: ", "NOQUEUE: reject: ", "NOQUEUE: client=x[10.0.0.1]",
        ] {
            #expect(event("smtpd", message) == nil, "\(message)")
        }
    }

    @Test func whateverIsLoggedIsReadOrNot() async throws {
        let samples = [
            "3F2A1B00C4: to=<b@example.net>, relay=mx[192.0.2.1]:25, delay=1, dsn=2.0.0, status=sent (250 ok)",
            "NOQUEUE: reject: RCPT from unknown[10.9.0.5]: 554 5.7.1 no; from=<a@x> to=<b@y> proto=ESMTP helo=<z>",
            "3F2A1B00C4: from=<a@example.com>, size=1234, nrcpt=2 (queue active)",
        ]
        let programs = ["smtpd", "smtp", "qmgr", "cleanup", "bounce", "pickup", "postsuper"]
        await fuzz(500) { chance in
            let message = chance.mutation(of: samples)
            for program in programs {
                guard let event = event(program, message) else { continue }
                if let id = event.queueID { #expect(message.hasPrefix(id.description), "\(chance)") }
            }
        }
    }
}
