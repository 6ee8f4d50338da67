/// A fully qualified domain name as it may stand in a mail address or an SMTP greeting (RFC 5321, section 2.3.5):
/// at least two labels of letters, digits and inner hyphens, in lower case, without the final dot.
package struct DomainName: Sendable, Hashable, CustomStringConvertible {
    package let description: String

    package init(_ text: some StringProtocol) throws(InvalidValue) {
        let name = text.hasSuffix(".") ? String(text.dropLast()) : String(text)
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        guard labels.count >= 2, name.utf8.count <= 253, labels.allSatisfy({ $0.isHyphenatedName(1...63) }),
            // An all-digit last label would make an IPv4 address, which mail software reads as one.
            labels.last?.utf8.allSatisfy(\.isDigit) == false
        else {
            throw InvalidValue(text, expected: "a domain name with at least one dot, such as example.com")
        }
        self.description = name.lowercased()
    }
}

extension StringProtocol {
    /// Whether the text is made of letters, digits and inner hyphens alone, and has one of these lengths.
    func isHyphenatedName(_ lengths: ClosedRange<Int>) -> Bool {
        lengths.contains(utf8.count) && !hasPrefix("-") && !hasSuffix("-") && utf8.allSatisfy(\.isLetterDigitOrHyphen)
    }
}

extension UInt8 {
    /// Whether the byte is one of `0-9` in ASCII.
    package var isDigit: Bool { (0x30...0x39).contains(self) }

    /// Whether the byte is one of `A-Z a-z 0-9 -` in ASCII.
    package var isLetterDigitOrHyphen: Bool {
        switch self {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D: true
        default: false
        }
    }
}
