import NIOCore
import Synchronization
import Testing

@testable import Signer

/// Refuses a sender at `MAIL FROM`, an author at the end, and leaves another relay's mail alone.
private struct SamplePolicy: MilterPolicy {
    func verdict(on envelope: MilterEnvelope) -> MilterVerdict {
        if envelope.macros["{daemon_name}"] == "handover" { return .leaveUnsigned }
        return envelope.sender.hasSuffix("@evil.example") ? .refuse(.permanent("7.1", "sender")) : .sign
    }

    func verdict(on envelope: MilterEnvelope, head: MessageHead) -> MilterVerdict {
        let authors = head.authors
        if authors == .unreadable { return .refuse(.permanent("7.1", "unreadable From")) }
        if authors.mailboxes.contains(where: { $0.domain == "later.example" }) {
            return .refuse(.temporary("7.1", "later"))
        }
        return authors.mailboxes.contains { $0.domain == "evil.example" }
            ? .refuse(.permanent("7.1", "author")) : .sign
    }
}

/// Remembers the outcomes.
final class Outcomes: Sendable {
    private let list = Mutex<[MilterOutcome]>([])
    var all: [MilterOutcome] { list.withLock { $0 } }
    func add(_ outcome: MilterOutcome) { list.withLock { $0.append(outcome) } }
}

struct MilterSessionTests {
    private typealias Packets = MilterPackets
    private let outcomes = Outcomes()

    private func settings(_ keys: [SigningKey], _ policy: any MilterPolicy = SamplePolicy()) -> MilterSettings {
        let table = KeyTable(keys)
        return MilterSettings(
            keys: { table },
            policy: policy,
            time: { 1_800_000_000 },
            observe: { [outcomes] in outcomes.add($0) }
        )
    }

    private func session() throws -> MilterSession {
        MilterSession(settings([try TestKeys.rsa(), try TestKeys.ed25519()]))
    }

    private func receive(_ bytes: [UInt8], _ session: inout MilterSession) throws -> [MilterReply] {
        try Packets.commands(bytes).flatMap { try session.receive($0) }
    }

    /// The answers, with signatures as a word.
    private func words(_ replies: [MilterReply]) -> [String] {
        replies.map { reply in
            switch reply {
            case .negotiated: "negotiated"
            case .proceed: "proceed"
            case .accept: "accept"
            case .temporaryFailure: "later"
            case .refuse(let refusal): "\(refusal)"
            case .insertHeader(let field): field.key
            case .progress: "progress"
            }
        }
    }

    @Test(arguments: [
        // Postfix 2.6 and later with protocol 6.
        (UInt32(6), UInt32(0x1FF), UInt32(0x1F_FFFF), UInt32(6), UInt32(0x8_33C8)),
        // The same with milter_protocol = 4, 3 and 2: each knows fewer options.
        (4, 0x3F, 0x37F, 4, 0x348), (3, 0x3F, 0x17F, 3, 0x148), (2, 0x3F, 0x7F, 2, 0x48), (2, 0x01, 0, 2, 0),
        // A mail server of the future.
        (7, 0xFFFF_FFFF, 0xFFFF_FFFF, 6, 0x8_33C8),
    ])
    func theNegotiation(_ version: UInt32, _ actions: UInt32, _ options: UInt32, _ answer: UInt32, _ chosen: UInt32)
        throws
    {
        var session = try session()
        let replies = try receive(Packets.negotiate(version: version, actions: actions, options: options), &session)
        #expect(replies == [.negotiated(.init(version: answer, actions: 1, options: .init(rawValue: chosen)))])
    }

    @Test func anOfferThatIsOfNoUseIsRefused() throws {
        var session = try session()
        #expect(throws: MilterFailure.version(1)) { try receive(Packets.negotiate(version: 1), &session) }
        #expect(throws: MilterFailure.noHeaders) { try receive(Packets.negotiate(actions: 0x1FE), &session) }
    }

    @Test func aMessageIsSignedWithAllKeys() throws {
        var session = try session()
        let replies = try receive(Packets.negotiate() + Packets.message(), &session)
        #expect(words(replies) == ["negotiated", "proceed", "dkim-signature", "dkim-signature", "accept"])
        #expect(outcomes.all == [.signed(["example.com", "example.com"])])
        let message = replies.reversed().reduce(Packets.received) { message, reply in
            guard case .insertHeader(let field) = reply else { return message }
            return field.name + [0x3A] + field.value + [13, 10] + message
        }
        #expect(failures(message, [try TestKeys.rsa(), try TestKeys.ed25519()]) == [nil, nil])
        #expect(!session.isInMessage)
    }

    /// An old mail server sends all events, and waits for an answer to each.
    @Test func aServerThatKnowsNoOptionsIsAnsweredEachTime() throws {
        var session = try session()
        let stream =
            Packets.negotiate(version: 2, actions: 0x3F, options: 0) + Packets.connect
            + Packets.packet("H", Packets.strings("app")) + Packets.mail("joe@example.com")
            + Packets.packet("R", Packets.strings("<a@example.net>")) + Packets.header("From", "joe@example.com")
            + Packets.packet("N") + Packets.packet("B", Array("x\r\n".utf8)) + Packets.packet("E")
        #expect(
            words(try receive(stream, &session)) == ["negotiated"] + Array(repeating: "proceed", count: 7)
                + ["dkim-signature", "dkim-signature", "accept"]
        )
    }

    @Test func severalMessagesOnOneConnection() throws {
        var session = try session()
        let one = Packets.mail("joe@example.com") + Packets.header("From", "joe@example.com") + Packets.packet("E")
        let begun = Packets.mail("x@example.com") + Packets.header("From", "(broken") + Packets.packet("B", [1])
        let stream =
            Packets.negotiate() + Packets.connect + one + begun + Packets.packet("A") + one + begun + one
            + Packets.packet("K") + Packets.connect + one + Packets.packet("Q")
        #expect(words(try receive(stream, &session)).count { $0 == "accept" } == 4)
        #expect(outcomes.all == Array(repeating: .signed(["example.com", "example.com"]), count: 4))
        #expect(session.isFinished)
    }

    @Test func aMessageWithoutAKeyPassesUnsigned() throws {
        var session = try session()
        let replies = try receive(Packets.negotiate() + Packets.message(from: "a@example.net"), &session)
        #expect(words(replies) == ["negotiated", "proceed", "accept"])
        #expect(outcomes.all == [.noKey(.mailboxes([Mailbox(localPart: "a", domain: "example.net")]))])
    }

    @Test(
        arguments: [
            ("x@evil.example", "joe@example.com", "550 5.7.1 sender"),
            ("joe@example.com", "x@evil.example", "550 5.7.1 author"),
            ("joe@example.com", "x@later.example", "451 4.7.1 later"),
            ("joe@example.com", "(broken", "550 5.7.1 unreadable From"),
            ("", "joe@example.com", nil),
        ] as [(String, String, String?)]
    )
    func aPolicyMayRefuse(_ sender: String, _ from: String, _ refusal: String?) throws {
        var session = try session()
        let stream = Packets.negotiate() + Packets.mail(sender)
        var answers = words(try receive(stream, &session))
        if session.isInMessage {
            answers += words(try receive(Packets.header("From", from) + Packets.packet("E"), &session))
        }
        #expect(answers.last == refusal ?? "accept")
        #expect(!session.isInMessage)
    }

    /// Mail that another relay handed over: the rest of the message is not even sent.
    @Test func mailOfAnotherRelayIsLeftAlone() throws {
        var session = try session()
        let stream =
            Packets.negotiate() + Packets.packet("D", Array("C".utf8) + Packets.strings("{daemon_name}", "handover"))
            + Packets.connect + Packets.mail("joe@example.com")
        #expect(words(try receive(stream, &session)) == ["negotiated", "accept"])
        #expect(outcomes.all == [.leftUnsigned])
    }

    @Test func thePolicyKnowsTheEnvelope() throws {
        struct Recorder: MilterPolicy {
            let seen: @Sendable (MilterEnvelope) -> Void
            func verdict(on envelope: MilterEnvelope) -> MilterVerdict { .sign }
            func verdict(on envelope: MilterEnvelope, head: MessageHead) -> MilterVerdict {
                seen(envelope)
                return .sign
            }
        }
        let seen = Mutex<[MilterEnvelope]>([])
        var session = MilterSession(settings([], Recorder { envelope in seen.withLock { $0.append(envelope) } }))
        _ = try receive(Packets.negotiate() + Packets.message() + Packets.mail("") + Packets.packet("E"), &session)
        let client = MilterClient(name: "app.example.com", address: "192.0.2.7")
        let connection = ["j": "relay.example.com", "{daemon_name}": "relay"]
        let own = ["i": "4ABC", "{mail_addr}": "joe@example.com"]
        #expect(
            seen.withLock { $0 } == [
                MilterEnvelope(client: client, sender: "joe@example.com", macros: connection.merging(own) { $1 }),
                MilterEnvelope(client: client, sender: "", macros: connection),
            ]
        )
    }

    @Test func aKeyIsRotatedBetweenMessages() throws {
        let tables = Mutex([KeyTable([]), KeyTable([try TestKeys.rsa()]), KeyTable([try TestKeys.ed25519()])])
        var session = MilterSession(
            MilterSettings(
                keys: { tables.withLock { $0.removeFirst() } },
                time: { 0 },
                observe: { [outcomes] in outcomes.add($0) }
            )
        )
        _ = try receive(Packets.negotiate() + Packets.message() + Packets.message() + Packets.message(), &session)
        #expect(outcomes.all.count { $0 == .signed(["example.com"]) } == 2)
    }

    @Test func tooManyHeadersAreRefusedAndNeverSentUnsigned() throws {
        var session = try session()
        _ = try receive(
            Packets.negotiate() + Packets.mail("a@example.com") + Packets.header("From", "a@example.com"),
            &session
        )
        for _ in 0...HeldHeaders.countLimit { _ = try receive(Packets.header("To", "x"), &session) }
        #expect(
            words(try receive(Packets.packet("E"), &session)) == [
                "550 5.3.4 Message headers are too large to be signed"
            ]
        )
        #expect(outcomes.all == [.notSigned(.headersTooLarge)])
    }

    @Test(arguments: [
        Packets.mail("a@example.com"), Packets.packet("E"), Packets.negotiate() + Packets.negotiate(),
        Packets.negotiate() + Packets.header("From", "x"), Packets.negotiate() + Packets.packet("B"),
        Packets.negotiate() + Packets.packet("E"), Packets.negotiate() + Packets.packet("N"),
        Packets.negotiate() + Packets.message() + Packets.packet("E"),
        Packets.negotiate() + Packets.mail("a@example.com") + Packets.packet("A") + Packets.packet("E"),
        Packets.negotiate() + Packets.packet("Q") + Packets.packet("A"),
    ])
    func commandsOutOfOrderAreRefused(_ stream: [UInt8]) throws {
        var session = try session()
        let commands = try Packets.commands(stream)
        for command in commands.dropLast() { _ = try session.receive(command) }
        let last = try #require(commands.last)
        #expect(throws: MilterFailure.outOfOrder(command: last.code)) { try session.receive(last) }
    }
}
