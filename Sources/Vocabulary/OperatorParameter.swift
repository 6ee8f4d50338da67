/// A parameter of main.cf that the operator sets in `[postfix]`.
package struct OperatorParameter: Sendable, Equatable {
    /// Its name (postconf(5)).
    package let name: String
    /// Its value as it stands in main.cf, on one line.
    package let value: String
    /// The place in the settings, for errors: `/etc/smtp-relay-agent/config.toml:12:1`.
    package let place: String

    /// - Throws: `InvalidValue` where main.cf could not have the name, or the value on one line.
    package init(_ name: String, _ value: String, place: String) throws(InvalidValue) {
        guard Self.isName(name) else {
            throw InvalidValue(name, expected: "a parameter's name: letters, digits, '_' and '-'")
        }
        let isPlain = value.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) }
        guard isPlain, value.utf8.count <= Self.longest, value.first != " ", value.last != " " else {
            let expected = """
                a value for one line of main.cf: at most \(Self.longest) bytes, without control characters, and without \
                blanks at its ends
                """
            throw InvalidValue(value, expected: expected)
        }
        self.name = name
        self.value = value
        self.place = place
    }

    /// Bytes. Postfix reads longer lines, but nobody can read such a setting.
    private static let longest = 4096

    /// Whether a text may be a parameter's name.
    package static func isName(_ text: some StringProtocol) -> Bool {
        !text.isEmpty && text.utf8.count <= 128
            && text.utf8.allSatisfy { $0.isLetterDigitOrHyphen || $0 == UInt8(ascii: "_") }
    }
}
