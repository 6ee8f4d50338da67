/// An event in the life of a connection of Postfix's, as one line of its log tells.
package enum ConnectionEvent: Sendable, Equatable {
    package enum Direction: String, Sendable, CaseIterable {
        /// A sender's.
        case incoming = "in"
        /// To a receiver.
        case outgoing = "out"
    }

    /// TLS was begun; the protocol's version, such as `TLSv1.3`.
    case secured(Direction, version: String)
    /// The client has come, or sent, more often than it may (postconf(5), `smtpd_client_*_limit`).
    case limited

    /// `nil` where a line tells something else.
    package init?(_ entry: MailLogEntry) {
        let text = entry.message[...]
        // Most lines tell of messages, so the first letters decide.
        switch text.utf8.first {
        case UInt8(ascii: "w"):
            guard text.hasPrefix("warning: "), text.contains(" limit exceeded: "), entry.program == "smtpd" else {
                return nil
            }
            self = .limited
        case UInt8(ascii: "A"), UInt8(ascii: "U"), UInt8(ascii: "T"), UInt8(ascii: "V"):
            guard let peer = text.firstRange(of: " TLS connection established "),
                let version = text[peer.upperBound...].firstRange(of: ": TLSv")
            else { return nil }
            let direction: Direction = text[peer.upperBound...].hasPrefix("from ") ? .incoming : .outgoing
            let words = text[version.lowerBound...].dropFirst(2)
            self = .secured(direction, version: String(words.prefix { $0 != " " }))
        default: return nil
        }
    }
}
