package import NIOCore

/// Cuts a stream of bytes into commands: each is a length of four bytes, a letter, and its data.
package struct MilterDecoder {
    /// Postfix sends bodies in pieces of 64 KiB, and headers of up to `header_size_limit` (100 KiB).
    package static let packetLimit = 1 << 20

    private var buffer = ByteBuffer()

    package init() {}

    package mutating func append(_ bytes: ByteBuffer) {
        if buffer.readableBytes == 0 { buffer = bytes } else { buffer.writeImmutableBuffer(bytes) }
    }

    /// - Returns: The next command; `nil` if it has not arrived as a whole.
    /// - Throws: `MilterFailure`; the stream cannot be read any further.
    package mutating func next() throws(MilterFailure) -> MilterCommand? {
        guard let size = buffer.getInteger(at: buffer.readerIndex, as: UInt32.self) else { return nil }
        guard (1...Self.packetLimit).contains(Int(size)) else { throw .packetSize(Int(size)) }
        guard buffer.readableBytes >= 4 + Int(size) else { return nil }
        buffer.moveReaderIndex(forwardBy: 4)
        guard let code = buffer.readInteger(as: UInt8.self), let data = buffer.readSlice(length: Int(size) - 1) else {
            return nil
        }
        buffer.discardReadBytes()
        return try Self.command(code, data)
    }

    private static func command(_ code: UInt8, _ data: ByteBuffer) throws(MilterFailure) -> MilterCommand {
        var data = data
        switch code {
        case UInt8(ascii: "O"):
            guard let version = data.readInteger(as: UInt32.self), let actions = data.readInteger(as: UInt32.self),
                let options = data.readInteger(as: UInt32.self)
            else { throw .malformed(command: code) }
            return .negotiate(.init(version: version, actions: actions, options: .init(rawValue: options)))
        case UInt8(ascii: "D"):
            guard let command = data.readInteger(as: UInt8.self), let words = data.readStrings(),
                words.count.isMultiple(of: 2)
            else { throw .malformed(command: code) }
            let pairs = stride(from: 0, to: words.count, by: 2).map { (words[$0].text, words[$0 + 1].text) }
            return .macros(of: command, Dictionary(pairs) { _, last in last })
        case UInt8(ascii: "C"):
            guard let client = client(&data) else { throw .malformed(command: code) }
            return .connect(client)
        case UInt8(ascii: "M"):
            guard let words = data.readStrings(), let first = words.first else { throw .malformed(command: code) }
            return .mail(sender: first.text.withoutAngles)
        case UInt8(ascii: "L"):
            guard let words = data.readStrings(), words.count == 2 else { throw .malformed(command: code) }
            return .header(HeaderField(name: words[0], value: words[1]))
        case UInt8(ascii: "B"): return .body(data)
        case UInt8(ascii: "E"): return .endOfBody(data)
        case UInt8(ascii: "H"): return .hello(data.readString()?.text ?? "")
        case UInt8(ascii: "R"): return .recipient
        case UInt8(ascii: "T"): return .data
        case UInt8(ascii: "N"): return .endOfHeaders
        case UInt8(ascii: "U"): return .unknown
        case UInt8(ascii: "A"): return .abort
        case UInt8(ascii: "Q"): return .quit
        case UInt8(ascii: "K"): return .quitWithoutClosing
        default: throw .unknownCommand(code)
        }
    }

    private static func client(_ data: inout ByteBuffer) -> MilterClient? {
        guard let name = data.readString(), let family = data.readInteger(as: UInt8.self) else { return nil }
        switch family {
        case UInt8(ascii: "U"): return MilterClient(name: name.text, address: nil)
        case UInt8(ascii: "4"), UInt8(ascii: "6"), UInt8(ascii: "L"):
            guard data.readInteger(as: UInt16.self) != nil, let address = data.readString() else { return nil }
            return MilterClient(name: name.text, address: address.text.withoutFamily)
        default: return nil
        }
    }
}

extension ByteBuffer {
    /// The bytes up to the next NUL; `nil` if there is none.
    fileprivate mutating func readString() -> [UInt8]? {
        guard let length = readableBytesView.firstIndex(of: 0).map({ $0 - readerIndex }),
            let bytes = readBytes(length: length)
        else { return nil }
        moveReaderIndex(forwardBy: 1)
        return bytes
    }

    /// All the strings, each with its NUL; `nil` if the last one has none.
    fileprivate mutating func readStrings() -> [[UInt8]]? {
        var strings: [[UInt8]] = []
        while readableBytes > 0 {
            guard let string = readString() else { return nil }
            strings.append(string)
        }
        return strings
    }
}

extension [UInt8] {
    fileprivate var text: String { String(decoding: self, as: UTF8.self) }
}

extension String {
    fileprivate var withoutAngles: String {
        hasPrefix("<") && hasSuffix(">") && count >= 2 ? String(dropFirst().dropLast()) : self
    }

    /// Without `IPv6:`, which Sendmail puts in front.
    fileprivate var withoutFamily: String { hasPrefix("IPv6:") ? String(dropFirst(5)) : self }
}
