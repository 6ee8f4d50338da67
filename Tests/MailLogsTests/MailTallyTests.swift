import FoundationEssentials
import Testing
import Vocabulary

@testable import MailLogs

struct MailTallyTests {
    private var tally = MailTally()

    private mutating func count(_ lines: [(String, String)]) throws {
        let vpc = [try IPNetwork("10.0.0.0/16")]
        for (program, message) in lines {
            _ = tally.count(MailLogEntry(program: program, message: message), networks: vpc)
        }
    }

    private mutating func count(_ program: String, _ message: String, _ time: Int) {
        _ = tally.count(MailLogEntry(time: time, program: program, message: message), networks: [])
    }

    private static let client = "client=app.internal[10.0.2.20]"

    @Test mutating func aMessageCountsOnceItIsTaken() throws {
        try count([("smtpd", "3F2A1: \(Self.client)"), ("cleanup", "3F2A1: message-id=<x@y>")])
        #expect(tally.counts.accepted == 0)
        let active = ("qmgr", "3F2A1: from=<a@example.com>, size=1234, nrcpt=1 (queue active)")
        try count([active, active])
        #expect(tally.counts.accepted == 1)
    }

    @Test mutating func mailOfThisHostAndLostConnectionsDoNotCountAsAccepted() throws {
        try count([
            ("pickup", "3F2A1: uid=0 from=<root>"), ("qmgr", "3F2A1: from=<root>, size=9, nrcpt=1 (queue active)"),
            ("smtpd", "3F2A2: \(Self.client)"), ("smtpd", "lost connection after DATA from app.internal[10.0.2.20]"),
            ("smtpd", "3F2A3: \(Self.client)"),
            (
                "cleanup",
                "3F2A3: milter-reject: END-OF-MESSAGE from app.internal[10.0.2.20]: 5.7.1 no; from=<a@x> to=<b@y>"
            ),
            ("qmgr", "3F2A3: removed"),
        ])
        #expect(tally.counts.accepted == 0)
        #expect(tally.counts.rejects == [.milter: 1])
    }

    /// The self-test begins a message with each pass and never ends it, for months.
    @Test func messagesThatNeverComeDoNotFillTheState() throws {
        var log = FollowedLog(start: 0)
        for minute in 0..<10_000 {
            let line = MailLogEntry(time: 60 * minute, program: "smtpd", message: "3F2\(minute): \(Self.client)")
            _ = log.take(LogReading(entries: [line])) { $1.count($0, networks: []) }
        }
        #expect(try JSONEncoder().encode(log).count < 8192)
        // One of the last hour still comes, and one of before does not.
        for (minute, accepted) in [(9_950, 1), (9_930, 1)] {
            let message = "3F2\(minute): from=<a@example.com>, size=1234, nrcpt=1 (queue active)"
            let line = MailLogEntry(time: 600_000, program: "qmgr", message: message)
            _ = log.take(LogReading(entries: [line])) { $1.count($0, networks: []) }
            #expect(log.tally.counts.accepted == accepted)
        }
    }

    @Test mutating func mailThatIsHeldOrDiscardedWasAccepted() throws {
        try count([
            ("smtpd", "3F2A1: \(Self.client)"), ("smtpd", "3F2A2: \(Self.client)"),
            (
                "cleanup",
                "3F2A1: hold: header Subject: x from app.internal[10.0.2.20]; from=<a@x> to=<b@y> proto=ESMTP: z"
            ),
            (
                "cleanup",
                "3F2A2: discard: header Subject: x from app.internal[10.0.2.20]; from=<a@x> to=<b@y> proto=ESMTP: z"
            ),
            ("postsuper", "3F2A1: released from hold"),
            ("qmgr", "3F2A1: from=<a@example.com>, size=1234, nrcpt=1 (queue active)"),
        ])
        #expect(tally.counts.accepted == 2)
        #expect(tally.counts.rejects.isEmpty)
    }

    private static func delivery(_ recipient: String, _ relay: String, _ status: String, delay: String = "2") -> String
    {
        "3F2A1: to=<\(recipient)>, relay=\(relay), delay=\(delay), delays=0/0/1/1, dsn=2.0.0, status=\(status) (text)"
    }

    @Test(arguments: [
        ("a@gmail.com", "none", Provider.google), ("a@example.org", "aspmx.l.google.com[192.0.2.1]:25", .google),
        ("a@hotmail.co.uk", "none", .microsoft),
        ("a@x.jp", "x-jp.mail.protection.outlook.com[192.0.2.1]:25", .microsoft),
        ("a@yahoo.fr", "none", .yahoo), ("a@x.com", "mta7.am0.yahoodns.net[192.0.2.1]:25", .yahoo),
        ("a@gmail.com", "email-smtp.eu-west-1.amazonaws.com[192.0.2.1]:587", .amazonSES),
        ("a@docomo.ne.jp", "none", .docomo), ("A@GMAIL.COM", "none", .google), ("a@notgmail.com", "none", .other),
        ("a@yahoo.example.com", "none", .other), ("a@gmail.com", "r2.internal[10.0.1.11]:25", .relay),
        ("\"a@gmail.com\"@example.org", "none", .other), ("a", "none", .other), ("a@", "none", .other),
    ])
    mutating func aProviderIsKnownByItsServerOrItsDomain(recipient: String, relay: String, provider: Provider) throws {
        try count([("smtp", Self.delivery(recipient, relay, "deferred"))])
        #expect(tally.counts.deliveries == [.deferred: [provider: 1]])
    }

    @Test mutating func aProgramOfThisHostIsNoProvider() throws {
        try count([("local", Self.delivery("root@r1", "local", "sent"))])
        #expect(tally.counts.deliveries == [.sent: [.local: 1]])
    }

    @Test mutating func theDelayOfSentMailIsCounted() throws {
        try count([
            ("smtp", Self.delivery("a@gmail.com", "none", "sent", delay: "0.4")),
            ("smtp", Self.delivery("a@gmail.com", "none", "sent", delay: "1")),
            ("smtp", Self.delivery("a@gmail.com", "none", "sent", delay: "301.5")),
            ("smtp", Self.delivery("a@gmail.com", "none", "sent", delay: "200000")),
            ("smtp", Self.delivery("a@gmail.com", "none", "bounced", delay: "7")),
        ])
        #expect(tally.counts.delays == [2, 0, 0, 0, 0, 1, 0, 0, 0, 1])
        #expect(tally.counts.delaySum == 200_302.9)
        #expect(tally.counts[.sent] == 4)
        #expect(tally.counts[.bounced] == 1)
    }

    @Test mutating func mailExpiresForTheRecipientsOfItsLastTry() throws {
        let active = ("qmgr", "3F2A1: from=<a@example.com>, size=1234, nrcpt=2 (queue active)")
        try count([
            active, ("smtp", Self.delivery("a@gmail.com", "none", "deferred")),
            ("smtp", Self.delivery("b@example.org", "none", "deferred")),
            active, ("smtp", Self.delivery("a@gmail.com", "none", "deferred")),
            ("qmgr", "3F2A1: from=<a@example.com>, status=expired, returned to sender"), ("qmgr", "3F2A1: removed"),
        ])
        #expect(tally.counts.deliveries[.expired] == [.google: 1])
        #expect(tally.counts[.deferred] == 3)
    }

    @Test(arguments: [
        ("554 5.7.1 <a@b>: Relay access denied", RejectReason.relayDenied),
        ("554 5.7.1 <x[192.0.2.1]>: Client host rejected: Access denied", .client),
        ("554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.example", .client),
        ("504 5.5.2 <x>: Helo command rejected: need fully-qualified hostname", .helo),
        ("450 4.1.8 <a@b>: Sender address rejected: Domain not found", .sender),
        ("550 5.1.1 <a@b>: Recipient address rejected: User unknown", .recipient),
        ("552 5.3.4 Message size exceeds fixed limit", .size),
        ("450 4.7.1 Session encryption is required", .tls),
        ("452 4.3.1 Insufficient system storage", .queueFull),
        ("530 5.7.0 Must issue a STARTTLS command first", .tls),
        ("452 4.5.3 Error: too many recipients", .rateLimit), ("421 4.3.2 leaving", .other),
    ])
    mutating func aRejectHasAReason(answer: String, reason: RejectReason) throws {
        try count([
            ("smtpd", "NOQUEUE: reject: RCPT from x[192.0.2.1]: \(answer); from=<a@b> to=<c@d> proto=ESMTP helo=<x>")
        ])
        #expect(tally.counts.rejects == [reason: 1])
    }

    @Test mutating func limitsOnClientsAreRejects() throws {
        try count([
            (
                "smtpd",
                "warning: Message delivery request rate limit exceeded: 9 from x[192.0.2.1] for service smtp"
            ),
            ("smtpd", "warning: hostname x does not resolve to address 192.0.2.1"),
        ])
        #expect(tally.counts.rejects == [.rateLimit: 1])
    }

    @Test mutating func sessionsWithTLSAreCounted() throws {
        let cipher = "with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)"
        try count([
            ("smtpd", "Anonymous TLS connection established from app[10.0.2.20]: TLSv1.3 \(cipher)"),
            ("smtp", "Untrusted TLS connection established to mx[192.0.2.1]:25: TLSv1.2 \(cipher)"),
            ("smtp", "Verified TLS connection established to mx[192.0.2.1]:25: TLSv1.2 \(cipher)"),
            ("smtp", "Trusted TLS connection established to mx[192.0.2.1]:25: TLSv9 \(cipher)"),
            ("smtp", "Untrusted TLS connection reused to mx[192.0.2.1]:25: TLSv1.2 \(cipher)"),
        ])
        #expect(tally.counts.incomingTLS == [.v13: 1])
        #expect(tally.counts.outgoingTLS == [.v12: 2, .other: 1])
    }

    @Test(arguments: [0, 1]) mutating func messagesThatNeverEndAreForgotten(secondsBetween: Int) {
        for number in 0..<5000 { count("smtpd", "ABC\(10_000 + number): \(Self.client)", number * secondsBetween) }
        count("qmgr", "ABC14999: from=<a@example.com>, size=1, nrcpt=1 (queue active)", 5000)
        count("qmgr", "ABC10000: from=<a@example.com>, size=1, nrcpt=1 (queue active)", 5000)
        #expect(tally.counts.accepted == 1)
    }

    /// A receiver that is down defers the whole queue within seconds.
    @Test mutating func aMessageThatIsComingIsNotForgottenForThoseThatWait() {
        count("smtpd", "ABC10000: \(Self.client)", 0)
        for number in 10_000..<15_000 {
            let deferral = "DEF\(number): to=<x@y>, relay=none, delay=1, dsn=4.4.1, status=deferred (timed out)"
            count("smtp", deferral, number / 1000)
        }
        count("qmgr", "ABC10000: from=<a@example.com>, size=1, nrcpt=1 (queue active)", 15)
        #expect(tally.counts.accepted == 1)
    }
}
