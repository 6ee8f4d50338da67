/// The TXT record of a public key (RFC 6376, section 3.6).
package struct PublicKeyRecord: Sendable, Hashable, Codable {
    /// `selector._domainkey.example.com`
    package let name: String
    /// The whole text. DNS has it as several strings, which receivers join without a space.
    package let value: String

    package init(name: String, value: String) {
        self.name = name
        self.value = value
    }

    /// The name under which receivers look a key up.
    package static func name(selector: String, domain: String) -> String { "\(selector)._domainkey.\(domain)" }

    /// The value in strings of at most 255 bytes, which is the most that one string of a TXT record holds (RFC 1035).
    package var strings: [String] { value.chunked(255) }

    /// The value for Route 53, and for other services that take quoted strings on one line.
    package var quotedValue: String { strings.map { "\"\($0)\"" }.joined(separator: " ") }

    /// The record for a zone file.
    package var zoneText: String {
        let lines = strings.map { "\t\"\($0)\"" }.joined(separator: "\n")
        return "\(name). 3600 IN TXT (\n\(lines)\n)\n"
    }
}
