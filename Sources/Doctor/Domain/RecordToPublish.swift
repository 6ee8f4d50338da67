package import Host
import Vocabulary

/// A DNS record that an operator has to publish, to the letter.
package struct RecordToPublish: Sendable, Equatable {
    /// The full name, without the final dot.
    package let name: String
    package let kind: DNSRecord.Kind
    /// The text of a TXT record, unquoted; of others the address or the name.
    package let value: String
    /// The records of the same name and kind that it stands in place of, in words; `nil` where it is a further one.
    package let replaced: String?

    init(_ name: String, _ kind: DNSRecord.Kind, _ value: String, inPlaceOf replaced: String? = nil) {
        self.name = name
        self.kind = kind
        self.value = value
        self.replaced = replaced
    }

    /// The record that leads from a name to an address.
    init(_ name: String, leadingTo address: IPAddress) {
        self.init(name, address.family == .ipv4 ? .a : .aaaa, "\(address)")
    }

    /// The record that leads from an address to a name.
    init(naming address: IPAddress, _ name: String) {
        self.init(address.reverseName, .ptr, name)
    }

    /// The line of a zone file (RFC 1035, section 5.1).
    package var zoneLine: String {
        let data =
            switch kind {
            case .txt: Self.quotedStrings(of: value)
            case .ptr, .mx: "\(value)."
            case .a, .aaaa: value
            }
        return "\(name). 3600 IN \(kind) \(data)"
    }

    /// A text in quoted strings of 255 bytes at most; receivers join several without a space (RFC 7208, section 3.3; RFC 6376,
    /// section 3.6.2.2).
    static func quotedStrings(of text: String) -> String {
        let bytes = Array(text.utf8)
        let starts = stride(from: 0, to: max(bytes.count, 1), by: longestString)
        return starts.map { quoted(bytes[$0..<min($0 + longestString, bytes.count)]) }.joined(separator: " ")
    }

    static let longestString = 255

    /// Bytes that are no printable ASCII have three decimal digits (RFC 1035, section 5.1).
    private static func quoted(_ bytes: ArraySlice<UInt8>) -> String {
        let characters = bytes.map { byte -> String in
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): "\\\(Character(UnicodeScalar(byte)))"
            case 0x20...0x7E: String(UnicodeScalar(byte))
            default: "\\\(byte < 100 ? "0" : "")\(byte < 10 ? "0" : "")\(byte)"
            }
        }
        return "\"\(characters.joined())\""
    }
}

extension RecordToPublish: Encodable {
    private enum CodingKeys: String, CodingKey {
        case name, type, value, zone
        case replaced = "in_place_of"
    }

    /// `zone` is the line of a zone file.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(name, forKey: .name)
        try container.encode("\(kind)", forKey: .type)
        try container.encode(value, forKey: .value)
        try container.encode(zoneLine, forKey: .zone)
        try container.encodeIfPresent(replaced, forKey: .replaced)
    }
}
