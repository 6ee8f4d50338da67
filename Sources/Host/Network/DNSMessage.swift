package import Vocabulary

/// A record of the domain name system.
package enum DNSRecord: Sendable, Equatable {
    case address(IPAddress)
    /// The name that an address has.
    case pointer(String)
    /// A host that takes the name's mail, the least number first.
    case exchanger(preference: UInt16, String)
    case text(String)

    /// The kinds that are asked for (RFC 1035, section 3.2.2; RFC 3596).
    package enum Kind: UInt16, Sendable {
        case a = 1
        case ptr = 12
        case mx = 15
        case txt = 16
        case aaaa = 28
    }
}

extension DNSRecord.Kind: CustomStringConvertible {
    package var description: String {
        switch self {
        case .a: "A"
        case .aaaa: "AAAA"
        case .mx: "MX"
        case .ptr: "PTR"
        case .txt: "TXT"
        }
    }
}

/// A question, and the records of its answer (RFC 1035, section 4). Any host may send an answer, so each length in it
/// is checked.
struct DNSMessage {
    /// A query of one question, with room for longer answers than 512 bytes (EDNS0, RFC 6891).
    ///
    /// - Throws: `DNSFailure.badName` for what can't be a name.
    static func query(_ name: String, _ kind: DNSRecord.Kind, id: UInt16) throws(DNSFailure) -> [UInt8] {
        let whole = name.hasSuffix(".") ? name.dropLast() : Substring(name)
        let labels = whole.split(separator: ".", omittingEmptySubsequences: false).map { Array($0.utf8) }
        guard labels.allSatisfy({ (1...63).contains($0.count) }),
            labels.reduce(1, { $0 + $1.count + 1 }) <= 255
        else { throw .badName }
        // The flag asks for recursion; one question, no answer, no authority, one additional record.
        var bytes = big(id) + [0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 1]
        for label in labels { bytes += [UInt8(label.count)] + label }
        bytes += [0] + big(kind.rawValue) + big(internet)
        // The root's name, type OPT, the size, and nothing else.
        return bytes + [0] + big(41) + big(1232) + [0, 0, 0, 0, 0, 0]
    }

    /// The records of an answer of the kind that was asked for, aliases on the way to them skipped.
    ///
    /// - Returns: `nil` where the message is no answer to this query; no record where the name or such records don't exist.
    static func records(
        _ message: [UInt8],
        answering query: [UInt8],
        _ kind: DNSRecord.Kind
    ) throws(DNSFailure) -> [DNSRecord]? {
        var reader = Reader(bytes: message)
        guard let id = reader.number(), id == UInt16(query[0]) << 8 | UInt16(query[1]), let flags = reader.number(),
            flags & 0x8000 != 0, let questions = reader.number(), let answers = reader.number(),
            reader.skip(4)
        else { return nil }
        guard flags & truncated == 0 else { throw .truncated }
        switch flags & 0xF {
        case 0: break
        case 3: return []
        case let code: throw .refused(code: Int(code))
        }
        for _ in 0..<questions {
            guard reader.name() != nil, reader.skip(4) else { throw .unreadable }
        }
        var records: [DNSRecord] = []
        for _ in 0..<answers {
            guard reader.name() != nil, let type = reader.number(), reader.skip(6), let length = reader.number(),
                let end = reader.end(after: Int(length))
            else { throw .unreadable }
            if type == kind.rawValue {
                guard let record = reader.record(kind, until: end) else { throw .unreadable }
                records.append(record)
            }
            reader.position = end
        }
        return records
    }

    private static let internet: UInt16 = 1
    private static let truncated: UInt16 = 0x0200

    private static func big(_ number: UInt16) -> [UInt8] { [UInt8(number >> 8), UInt8(number & 0xFF)] }
}

/// Reads a message from its front to its back; `nil` wherever it is shorter than it says.
private struct Reader {
    let bytes: [UInt8]
    var position = 0

    mutating func number() -> UInt16? {
        guard position + 2 <= bytes.count else { return nil }
        defer { position += 2 }
        return UInt16(bytes[position]) << 8 | UInt16(bytes[position + 1])
    }

    mutating func skip(_ count: Int) -> Bool {
        guard position + count <= bytes.count else { return false }
        position += count
        return true
    }

    func end(after length: Int) -> Int? { position + length <= bytes.count ? position + length : nil }

    /// A name, whose end may stand elsewhere in the message (RFC 1035, section 4.1.4).
    mutating func name() -> String? {
        var labels: [String] = []
        var at = position
        var jumped = false
        // Each step goes on by a byte at least or jumps back; more than a name has labels is a loop.
        for _ in 0..<128 {
            guard at < bytes.count else { return nil }
            let length = Int(bytes[at])
            switch length & 0xC0 {
            case 0xC0:
                guard at + 1 < bytes.count else { return nil }
                if !jumped { position = at + 2 }
                jumped = true
                at = (length & 0x3F) << 8 | Int(bytes[at + 1])
            case 0:
                if length == 0 {
                    if !jumped { position = at + 1 }
                    return labels.joined(separator: ".")
                }
                guard at + 1 + length <= bytes.count else { return nil }
                labels.append(String(decoding: bytes[(at + 1)..<(at + 1 + length)], as: UTF8.self))
                at += 1 + length
            default: return nil
            }
        }
        return nil
    }

    mutating func record(_ kind: DNSRecord.Kind, until end: Int) -> DNSRecord? {
        switch kind {
        case .a, .aaaa:
            guard end - position == (kind == .a ? 4 : 16) else { return nil }
            return .address(IPAddress(bytes: Array(bytes[position..<end])))
        case .ptr: return name().map(DNSRecord.pointer)
        case .mx:
            guard let preference = number(), let host = name() else { return nil }
            return .exchanger(preference: preference, host)
        case .txt:
            // Strings of a length each, which belong together (RFC 7208, section 3.3).
            var text: [UInt8] = []
            while position < end {
                let length = Int(bytes[position])
                guard position + 1 + length <= end else { return nil }
                text += bytes[(position + 1)..<(position + 1 + length)]
                position += 1 + length
            }
            return .text(String(decoding: text, as: UTF8.self))
        }
    }
}
