import Vocabulary

extension TOMLReader {
    /// A number, a date, a time, true or false.
    mutating func scalar() throws(TOMLError) -> TOMLValue.Content {
        let start = scanner.position
        var word = scanner.take(while: Self.isPartOfWord)
        if TOMLDateTime.isDate(word), scanner.isNext(" "), let next = scanner.peek(1), next.isDigit {
            scanner.advance()
            word += [UInt8(ascii: " ")] + scanner.take(while: Self.isPartOfWord)
        }
        if word.isEmpty {
            try scanner.refuseControlCharacter()
            throw .missingValue(scanner.found, at: start)
        }
        let text = String(decoding: word, as: UTF8.self)
        switch text {
        case "true": return .boolean(true)
        case "false": return .boolean(false)
        case "inf", "+inf": return .float(.infinity)
        case "-inf": return .float(-.infinity)
        case "nan", "+nan", "-nan": return .float(.nan)
        default: break
        }
        if let dateTime = TOMLDateTime(word) { return .dateTime(dateTime) }
        if let radix = Self.radix(of: word) { return .integer(try integer(text, word[2...], radix: radix, at: start)) }
        return try decimal(word, text, at: start)
    }

    /// A word ends at a blank, a control character, or one of `,]}#`.
    private static func isPartOfWord(_ byte: UInt8) -> Bool {
        byte > 0x20 && byte != 0x7F && !",]}#".utf8.contains(byte)
    }

    private static func radix(of word: [UInt8]) -> Int? {
        guard word.count > 2, word[0] == UInt8(ascii: "0") else { return nil }
        switch word[1] {
        case UInt8(ascii: "x"): return 16
        case UInt8(ascii: "o"): return 8
        case UInt8(ascii: "b"): return 2
        default: return nil
        }
    }

    /// A decimal integer or a float.
    private func decimal(
        _ word: [UInt8],
        _ text: String,
        at start: TOMLPosition
    ) throws(TOMLError) -> TOMLValue.Content {
        var rest = word[...]
        Self.skip("+-", &rest)
        let whole = Self.skipDigits(&rest)
        var isValid = !whole.isEmpty
        let isWhole = rest.isEmpty
        if Self.skip(".", &rest) { isValid = !Self.skipDigits(&rest).isEmpty && isValid }
        if Self.skip("eE", &rest) {
            Self.skip("+-", &rest)
            isValid = !Self.skipDigits(&rest).isEmpty && isValid
        }
        guard isValid, rest.isEmpty else { throw .invalidValue(text, at: start) }
        if whole.count > 1, whole.first == UInt8(ascii: "0") {
            throw .invalidNumber(text, at: start, "begins with 0", cure: "remove the 0, or put a text in quotes")
        }
        if isWhole { return .integer(try integer(text, word[...], radix: 10, at: start)) }
        guard let number = Double(text.replacing("_", with: "")) else { throw .invalidValue(text, at: start) }
        return .float(number)
    }

    private func integer(
        _ text: String,
        _ digits: ArraySlice<UInt8>,
        radix: Int,
        at start: TOMLPosition
    ) throws(TOMLError) -> Int64 {
        var rest = digits
        if radix == 10 { Self.skip("+-", &rest) }
        Self.skipDigits(&rest, radix: radix)
        guard rest.isEmpty else { throw .invalidValue(text, at: start) }
        guard
            let number = Int64(String(decoding: digits.filter { $0 != UInt8(ascii: "_") }, as: UTF8.self), radix: radix)
        else {
            throw .invalidNumber(text, at: start, "does not fit into 64 bits", cure: "write one that is nearer to 0")
        }
        return number
    }

    @discardableResult
    private static func skip(_ characters: String, _ rest: inout ArraySlice<UInt8>) -> Bool {
        guard let byte = rest.first, characters.utf8.contains(byte) else { return false }
        rest.removeFirst()
        return true
    }

    /// Digits, with single underscores between them.
    @discardableResult
    private static func skipDigits(_ rest: inout ArraySlice<UInt8>, radix: Int = 10) -> ArraySlice<UInt8> {
        let before = rest
        func isDigit(_ byte: UInt8?) -> Bool {
            byte.flatMap { Character(Unicode.Scalar($0)).hexDigitValue }.map { $0 < radix } ?? false
        }
        while isDigit(rest.first) {
            rest.removeFirst()
            if rest.first == UInt8(ascii: "_"), isDigit(rest.dropFirst().first) { rest.removeFirst() }
        }
        return before[..<rest.startIndex]
    }
}
