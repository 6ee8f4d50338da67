import NIOCore
import Testing

@testable import Signer

struct MilterCodecTests {
    private typealias Packets = MilterPackets

    @Test func allCommandsAreRead() throws {
        let stream =
            Packets.negotiate(version: 6, actions: 0x1FF, options: 0x1F_FFFF)
            + Packets.packet("D", Array("M".utf8) + Packets.strings("i", "4ABC", "{auth_type}", ""))
            + Packets.connect + Packets.packet("H", Packets.strings("app"))
            + Packets.mail("joe@example.com") + Packets.mail("") + Packets.packet("R", Packets.strings("<a@b.c>"))
            + Packets.packet("T") + Packets.header("Subject", "a\n b") + Packets.header("X", "") + Packets.packet("N")
            + Packets.packet("B", [1, 0, 2]) + Packets.packet("E") + Packets.packet("E", [3])
            + Packets.packet("U", Packets.strings("NOOP x")) + Packets.packet("A") + Packets.packet("K")
            + Packets.packet("Q")
        #expect(
            try Packets.commands(stream) == [
                .negotiate(.init(version: 6, actions: 0x1FF, options: .init(rawValue: 0x1F_FFFF))),
                .macros(of: UInt8(ascii: "M"), ["i": "4ABC", "{auth_type}": ""]),
                .connect(.init(name: "app.example.com", address: "192.0.2.7")), .hello("app"),
                .mail(sender: "joe@example.com"), .mail(sender: ""), .recipient, .data,
                .header(HeaderField("Subject", "a\n b")), .header(HeaderField("X", "")), .endOfHeaders,
                .body(ByteBuffer(bytes: [1, 0, 2])), .endOfBody(ByteBuffer()), .endOfBody(ByteBuffer(bytes: [3])),
                .unknown, .abort, .quitWithoutClosing, .quit,
            ]
        )
    }

    @Test(
        arguments: [
            (Array("U".utf8), nil), (Array("L".utf8) + [0, 0] + Array("/run/x".utf8) + [0], "/run/x"),
            (Array("6".utf8) + [0, 25] + Array("IPv6:2001:db8::1".utf8) + [0], "2001:db8::1"),
            (Array("6".utf8) + [0, 25] + Array("2001:db8::1".utf8) + [0], "2001:db8::1"),
        ] as [([UInt8], String?)]
    )
    func clientsOfAllFamilies(_ data: [UInt8], _ address: String?) throws {
        let commands = try Packets.commands(Packets.packet("C", Packets.strings("a") + data))
        #expect(commands == [.connect(.init(name: "a", address: address))])
    }

    @Test(arguments: [
        Packets.packet("O"), Packets.packet("O", [UInt8](repeating: 0, count: 11)), Packets.packet("D"),
        Packets.packet("D", Array("Ma".utf8)), Packets.packet("D", Array("M".utf8) + Packets.strings("a")),
        Packets.packet("C"),
        Packets.packet("C", Packets.strings("a")), Packets.packet("C", Packets.strings("a") + Array("4".utf8)),
        Packets.packet("C", Packets.strings("a") + Array("X".utf8)),
        Packets.packet("C", Packets.strings("a") + Array("4".utf8) + [0, 1] + Array("1.2.3.4".utf8)),
        Packets.packet("M"),
        Packets.packet("M", Array("<a@b>".utf8)), Packets.packet("L"), Packets.packet("L", Packets.strings("a")),
        Packets.packet("L", Packets.strings("a", "b", "c")),
        Packets.packet("L", Packets.strings("a") + Array("b".utf8)),
    ])
    func malformedCommandsAreRefused(_ packet: [UInt8]) {
        #expect(throws: MilterFailure.malformed(command: packet[4])) { try Packets.commands(packet) }
    }

    @Test func sizesAreLimited() throws {
        #expect(throws: MilterFailure.packetSize(0)) { try Packets.commands([0, 0, 0, 0]) }
        #expect(throws: MilterFailure.packetSize(0xFFFF_FFFF)) { try Packets.commands([255, 255, 255, 255]) }
        let limit = MilterDecoder.packetLimit
        #expect(throws: MilterFailure.packetSize(limit + 1)) { try Packets.commands(Packets.number(UInt32(limit + 1))) }
        #expect(try Packets.commands(Packets.packet("B", [UInt8](repeating: 1, count: limit - 1))).count == 1)
    }

    @Test(arguments: [UInt8(0), UInt8(ascii: "o"), UInt8(ascii: "Z"), 255])
    func unknownCommandsAreRefused(_ code: UInt8) {
        #expect(throws: MilterFailure.unknownCommand(code)) { try Packets.commands([0, 0, 0, 1, code]) }
    }

    @Test func theStreamMayBeCutAnywhere() throws {
        let stream = Packets.negotiate() + Packets.message() + Packets.packet("Q")
        let whole = try Packets.commands(stream)
        var decoder = MilterDecoder()
        var commands: [MilterCommand] = []
        for byte in stream {
            decoder.append(ByteBuffer(bytes: [byte]))
            while let command = try decoder.next() { commands.append(command) }
        }
        #expect(commands == whole)
    }

    @Test func allRepliesAreWritten() {
        let signature = HeaderField("DKIM-Signature", " v=1;\r\n b=x")
        let replies: [(MilterReply, [UInt8])] = [
            (.proceed, Packets.packet("c")), (.accept, Packets.packet("a")), (.temporaryFailure, Packets.packet("t")),
            (.progress, Packets.packet("p")),
            (.negotiated(.init(version: 6, actions: 1, options: [.noHELO])), Packets.negotiate(actions: 1, options: 2)),
            (.refuse(.permanent("7.1", "no")), Packets.packet("y", Packets.strings("550 5.7.1 no"))),
            (.refuse(.temporary("7.1", "later")), Packets.packet("y", Packets.strings("451 4.7.1 later"))),
            (.refuse(.closing("bye")), Packets.packet("y", Packets.strings("421 4.7.0 bye"))),
            (
                .insertHeader(signature),
                Packets.packet("i", [0, 0, 0, 0] + Packets.strings("DKIM-Signature", "v=1;\n b=x"))
            ),
        ]
        for (reply, packet) in replies {
            var buffer = ByteBuffer()
            reply.write(to: &buffer)
            #expect(Array(buffer.readableBytesView) == packet, "\(reply)")
        }
    }

    /// A text of the policy's cannot forge a further answer.
    @Test func refusalsAreOnePlainLine() {
        #expect(MilterRefusal.permanent("7.1", "a\r\n250 ok\u{0} 100%").description == "550 5.7.1 a??250 ok? 100?")
        #expect(MilterRefusal.permanent("7.1", String(repeating: "x", count: 5000)).description.count < 500)
    }
}
