/// A violation of the milter protocol. It ends the connection: Postfix then answers as its `milter_default_action` says.
package enum MilterFailure: Error, Sendable, Equatable, CustomStringConvertible {
    case packetSize(Int)
    case unknownCommand(UInt8)
    case malformed(command: UInt8)
    case outOfOrder(command: UInt8)
    case version(UInt32)
    /// The mail server does not let filters add headers.
    case noHeaders

    package var description: String {
        switch self {
        case .packetSize(let size):
            "a packet of \(size) bytes, where 1 to \(MilterDecoder.packetLimit) are allowed; "
                + "a larger header_size_limit of Postfix is not supported"
        case .unknownCommand(let command): "the unknown command \(Self.name(command))"
        case .malformed(let command): "a malformed command \(Self.name(command))"
        case .outOfOrder(let command): "the command \(Self.name(command)) at a point where it may not come"
        case .version(let version):
            "milter protocol \(version), where 2 or later is needed; set milter_protocol = 6 in Postfix's main.cf"
        case .noHeaders: "an offer without the right to add headers"
        }
    }

    private static func name(_ command: UInt8) -> String {
        (0x21...0x7E).contains(command) ? "'\(Unicode.Scalar(command))'" : "\(command)"
    }
}
