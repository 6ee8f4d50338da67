package import NIOCore

/// A command of the mail server (`SMFIC_*` of `libmilter/mfdef.h`).
package enum MilterCommand: Sendable, Equatable {
    case negotiate(MilterNegotiation)
    /// Values that the mail server gives beside the next command, such as the queue id `i`.
    case macros(of: UInt8, [String: String])
    case connect(MilterClient)
    /// The name that the client greets with.
    case hello(String)
    /// The sender without its angle brackets; empty for a bounce.
    case mail(sender: String)
    case recipient
    case data
    case header(HeaderField)
    case endOfHeaders
    case body(ByteBuffer)
    /// The end of the message. It may have the last piece of the body.
    case endOfBody(ByteBuffer)
    case unknown
    case abort
    case quit
    /// The end of an SMTP session, after which another one follows on the same connection.
    case quitWithoutClosing

    static let (connectCode, mailCode) = (UInt8(ascii: "C"), UInt8(ascii: "M"))

    /// The letter that stands for it in a packet.
    var code: UInt8 {
        switch self {
        case .negotiate: UInt8(ascii: "O")
        case .macros: UInt8(ascii: "D")
        case .connect: Self.connectCode
        case .hello: UInt8(ascii: "H")
        case .mail: Self.mailCode
        case .recipient: UInt8(ascii: "R")
        case .data: UInt8(ascii: "T")
        case .header: UInt8(ascii: "L")
        case .endOfHeaders: UInt8(ascii: "N")
        case .body: UInt8(ascii: "B")
        case .endOfBody: UInt8(ascii: "E")
        case .unknown: UInt8(ascii: "U")
        case .abort: UInt8(ascii: "A")
        case .quit: UInt8(ascii: "Q")
        case .quitWithoutClosing: UInt8(ascii: "K")
        }
    }
}

/// The SMTP client, as the mail server sees it.
package struct MilterClient: Sendable, Equatable {
    /// Its name in DNS, or its address in brackets.
    package let name: String
    /// Its IP address or unix socket; `nil` if the server does not know it.
    package let address: String?

    package init(name: String, address: String?) {
        self.name = name
        self.address = address
    }
}
