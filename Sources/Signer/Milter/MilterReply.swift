package import NIOCore

/// An answer to the mail server (`SMFIR_*` of `libmilter/mfdef.h`).
package enum MilterReply: Sendable, Equatable {
    case negotiated(MilterNegotiation)
    case proceed
    case accept
    /// A refusal for now, in the mail server's own words.
    case temporaryFailure
    case refuse(MilterRefusal)
    /// A header above all others.
    case insertHeader(HeaderField)
    /// A sign of life, after which the mail server waits for longer.
    case progress

    /// Appends the packet.
    package func write(to buffer: inout ByteBuffer) {
        switch self {
        case .negotiated(let choice):
            Self.write("O", to: &buffer) {
                $0.writeInteger(choice.version)
                $0.writeInteger(choice.actions)
                $0.writeInteger(choice.options.rawValue)
            }
        case .proceed: Self.write("c", to: &buffer) { _ in }
        case .accept: Self.write("a", to: &buffer) { _ in }
        case .temporaryFailure: Self.write("t", to: &buffer) { _ in }
        case .progress: Self.write("p", to: &buffer) { _ in }
        case .refuse(let refusal): Self.write("y", to: &buffer) { $0.writeNullTerminatedString(refusal.description) }
        case .insertHeader(let field):
            Self.write("i", to: &buffer) {
                $0.writeInteger(UInt32(0))
                $0.writeBytes(field.name + [0])
                // Mail servers fold at a bare LF, and put a space after the colon.
                $0.writeBytes(field.value.drop { $0.isBlank }.filter { $0 != .carriageReturn } + [0])
            }
        }
    }

    private static func write(_ code: Unicode.Scalar, to buffer: inout ByteBuffer, _ data: (inout ByteBuffer) -> Void) {
        var content = ByteBuffer()
        data(&content)
        buffer.writeInteger(UInt32(content.readableBytes + 1))
        buffer.writeInteger(UInt8(ascii: code))
        buffer.writeBuffer(&content)
    }
}

/// A refusal with a code and a text, as the SMTP client reads it.
package struct MilterRefusal: Sendable, Equatable, CustomStringConvertible {
    /// `550 5.7.1 text`
    package let description: String

    /// - Parameter detail: The enhanced status code without its class, which has to be that of the reply code.
    package static func permanent(_ detail: String = "7.1", _ text: String) -> MilterRefusal {
        MilterRefusal(description: "550 5.\(detail) \(plain(text))")
    }

    /// - Parameter detail: The enhanced status code without its class.
    package static func temporary(_ detail: String = "7.1", _ text: String) -> MilterRefusal {
        MilterRefusal(description: "451 4.\(detail) \(plain(text))")
    }

    /// The refusal that also ends the SMTP session.
    package static func closing(_ text: String) -> MilterRefusal {
        MilterRefusal(description: "421 4.7.0 \(plain(text))")
    }

    /// Printable ASCII on one line. Mail servers expand `%` in these texts.
    private static func plain(_ text: String) -> String {
        String(
            text.unicodeScalars.map { (0x20...0x7E).contains($0.value) && $0 != "%" ? Character($0) : "?" }.prefix(400)
        )
    }
}
