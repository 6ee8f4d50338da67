import NIOCore

@testable import Signer

/// A mail server's packets, written by hand after `libmilter/mfdef.h` and Postfix's `milter8.c`.
enum MilterPackets {
    static func packet(_ code: Character, _ data: [UInt8] = []) -> [UInt8] {
        number(UInt32(data.count + 1)) + [code.asciiValue ?? 0] + data
    }

    static func number(_ value: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> UInt32($0)) }
    }

    static func strings(_ texts: String...) -> [UInt8] { texts.flatMap { Array($0.utf8) + [0] } }

    static func negotiate(version: UInt32 = 6, actions: UInt32 = 0x1FF, options: UInt32 = 0x1F_FFFF) -> [UInt8] {
        packet("O", number(version) + number(actions) + number(options))
    }

    static let connect = packet(
        "C",
        strings("app.example.com") + Array("4".utf8) + [0xC3, 0x50] + strings("192.0.2.7")
    )

    static func mail(_ sender: String) -> [UInt8] { packet("M", strings("<\(sender)>", "SIZE=100")) }

    static func header(_ name: String, _ value: String) -> [UInt8] { packet("L", strings(name, value)) }

    /// A message's packets after the negotiation, where only the needed events are sent.
    static func message(sender: String = "joe@example.com", from: String = "Joe <joe@example.com>") -> [UInt8] {
        packet("D", Array("C".utf8) + strings("j", "relay.example.com", "{daemon_name}", "relay"))
            + connect
            + packet("D", Array("M".utf8) + strings("i", "4ABC", "{mail_addr}", sender))
            + mail(sender)
            + header("From", from) + header("To", "suzie@example.net") + header("Subject", "a\n\tfolded one")
            + packet("B", Array("Hello\r\n".utf8)) + packet("B", Array("\r\n\r\n".utf8))
            + packet("E")
    }

    /// The message of `message()`, as a receiver gets it.
    static let received = bytes(
        """
        From: Joe <joe@example.com>
        To: suzie@example.net
        Subject: a
        \tfolded one

        Hello


        """
    )

    static func commands(_ bytes: [UInt8]) throws -> [MilterCommand] {
        var decoder = MilterDecoder()
        decoder.append(ByteBuffer(bytes: bytes))
        var commands: [MilterCommand] = []
        while let command = try decoder.next() { commands.append(command) }
        return commands
    }

    /// The packets of a reply stream: the letter and the data of each.
    static func replies(_ bytes: [UInt8]) -> [(code: Character, data: [UInt8])] {
        var buffer = ByteBuffer(bytes: bytes)
        var replies: [(Character, [UInt8])] = []
        while let size = buffer.readInteger(as: UInt32.self), size > 0, let data = buffer.readBytes(length: Int(size)) {
            replies.append((Character(Unicode.Scalar(data[0])), Array(data[1...])))
        }
        return replies
    }

    /// The field that an `SMFIR_INSHEADER` puts on top, as Postfix writes it.
    static func inserted(_ data: [UInt8]) -> [UInt8] {
        let texts = data.dropFirst(4).split(separator: 0, omittingEmptySubsequences: false).map(Array.init)
        return texts[0] + Array(": ".utf8) + texts[1].flatMap { $0 == 10 ? [13, 10] : [$0] } + [13, 10]
    }
}
