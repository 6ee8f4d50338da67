/// A text that could not be parsed into one of the program's value types.
///
/// It says what was given and what is expected. The caller puts the source of the text in front: a file's line, a tag, a
/// metadata path.
package struct InvalidValue: Error, Sendable, Equatable, CustomStringConvertible {
    /// The text as it came in.
    package let text: String
    /// The form of a right value, as it follows "expected": for example "an IPv4 or IPv6 network in CIDR form".
    package let expected: String

    package init(_ text: some StringProtocol, expected: String) {
        self.text = String(text)
        self.expected = expected
    }

    package var description: String {
        "'\(text.escapedForDisplay)' is not \(expected)"
    }
}

extension StringProtocol {
    /// The text on one line, with control characters written out, so that foreign input can't forge a log line.
    package var escapedForDisplay: String {
        var result = ""
        for scalar in unicodeScalars {
            if scalar.value < 0x20 || scalar.value == 0x7F || (0x80...0x9F).contains(scalar.value) {
                result += scalar.escaped(asASCII: true)
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
