import Vocabulary

/// One macro, as `%{d2}` or `%{l1r-}` (RFC 7208, section 7.1).
struct SPFMacro: Sendable, Equatable {
    /// The letter in lower case.
    let letter: Character
    /// Whether the value is escaped for a URL, as an upper-case letter orders.
    let isEscaped: Bool
    /// The number of parts that are kept, from the right; `nil` keeps all.
    let count: Int?
    let isReversed: Bool
    let delimiters: String

    /// - Parameter text: The part between the braces.
    init(_ text: Substring, in place: SPFMacroString.Place) throws(SPFFault) {
        guard let first = text.first, let letter = first.lowercased().first, "slodipvhcrt".contains(letter) else {
            throw SPFFault("there is no macro '%{\(text)}'")
        }
        if place == .term, "crt".contains(letter) {
            throw SPFFault("the macro '%{\(text)}' is for explanations only")
        }
        self.letter = letter
        self.isEscaped = first.isUppercase
        var rest = text.dropFirst()
        let digits = rest.prefix { "0123456789".contains($0) }
        // A number that is too large keeps all parts.
        self.count = digits.isEmpty ? nil : Int(digits) ?? .max
        if count == 0 { throw SPFFault("the macro '%{\(text)}' keeps no part") }
        rest = rest[digits.endIndex...]
        self.isReversed = rest.first == "r" || rest.first == "R"
        if isReversed { rest = rest.dropFirst() }
        guard rest.allSatisfy({ ".-+,/_=".contains($0) }) else {
            throw SPFFault("the macro '%{\(text)}' can't be understood")
        }
        self.delimiters = rest.isEmpty ? "." : String(rest)
    }

    func expanded(_ values: SPFMacroValues) -> String {
        let separators = Set(delimiters.unicodeScalars)
        let value = values.value(of: letter).unicodeScalars
        var parts = value.split(omittingEmptySubsequences: false) { separators.contains($0) }.map { String($0) }
        if isReversed { parts.reverse() }
        if let count { parts = parts.suffix(count) }
        let text = parts.joined(separator: ".")
        return isEscaped ? Self.escaped(text) : text
    }

    /// All but RFC 3986's unreserved characters are escaped.
    private static func escaped(_ text: String) -> String {
        text.utf8.map { byte in
            if byte.isLetterDigitOrHyphen || [0x2E, 0x5F, 0x7E].contains(byte) { return String(UnicodeScalar(byte)) }
            let digits = String(byte, radix: 16, uppercase: true)
            return digits.count == 1 ? "%0\(digits)" : "%\(digits)"
        }.joined()
    }
}

/// The values that macros stand for (RFC 7208, section 7.2).
struct SPFMacroValues: Sendable {
    let question: SPFQuestion
    /// The domain whose record has the macro.
    let domain: String
    /// A name of the sending address that leads back to it.
    let validatedName: String?

    func value(of letter: Character) -> String {
        switch letter {
        case "s": "\(question.localPart)@\(question.domain)"
        case "l": question.localPart
        case "o": question.domain
        case "d": domain
        case "i": dotted
        case "p": validatedName ?? "unknown"
        case "v": question.address.family == .ipv4 ? "in-addr" : "ip6"
        case "h": question.greeting
        case "c": "\(question.address)"
        case "r": question.receiver
        case "t": "\(question.time)"
        default: ""
        }
    }

    /// The address as names are made of it: an IPv6 address has each of its hexadecimal digits between dots.
    private var dotted: String {
        guard question.address.family == .ipv6 else { return "\(question.address)" }
        let digits = question.address.bytes.flatMap { [$0 >> 4, $0 & 0xF] }
        return digits.map { String($0, radix: 16, uppercase: true) }.joined(separator: ".")
    }
}
