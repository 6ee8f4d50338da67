extension TOMLReader {
    /// A text in quotes of any of the four kinds.
    mutating func string() throws(TOMLError) -> String {
        let start = scanner.position
        if scanner.accept("\"\"\"") { return try longString("\"", from: start) }
        if scanner.accept("'''") { return try longString("'", from: start) }
        let quote = scanner.accept("\"") ? UInt8(ascii: "\"") : UInt8(ascii: "'")
        if quote == UInt8(ascii: "'") { scanner.advance() }
        var bytes: [UInt8] = []
        while let byte = scanner.peek(), !scanner.isAtNewline {
            if byte == quote {
                scanner.advance()
                return String(decoding: bytes, as: UTF8.self)
            }
            if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\"") {
                try escape(into: &bytes)
            } else {
                try character(into: &bytes)
            }
        }
        throw .unclosedText(quote == UInt8(ascii: "'") ? "'" : "\"", from: start)
    }

    /// The text after three quotes. Up to two more quotes may stand before the three at the end, and belong to the text.
    private mutating func longString(_ quote: Unicode.Scalar, from start: TOMLPosition) throws(TOMLError) -> String {
        let quoteByte = UInt8(ascii: quote)
        var bytes: [UInt8] = []
        _ = scanner.acceptNewline()
        while let byte = scanner.peek() {
            if byte == quoteByte {
                var count = 0
                while count < 5, scanner.peek() == quoteByte {
                    scanner.advance()
                    count += 1
                }
                bytes += Array(repeating: quoteByte, count: count < 3 ? count : count - 3)
                if count >= 3 { return String(decoding: bytes, as: UTF8.self) }
            } else if byte == UInt8(ascii: "\\"), quote == "\"" {
                if try !skipEscapedLineEnd() { try escape(into: &bytes) }
            } else if scanner.acceptNewline() {
                bytes.append(UInt8(ascii: "\n"))
            } else {
                try character(into: &bytes)
            }
        }
        throw .unclosedText(String(repeating: Character(quote), count: 3), from: start)
    }

    private mutating func character(into bytes: inout [UInt8]) throws(TOMLError) {
        try scanner.refuseControlCharacter()
        if let byte = scanner.peek() { bytes.append(byte) }
        scanner.advance()
    }

    /// A backslash at the end of a line: the text goes on at the next character that is no blank.
    private mutating func skipEscapedLineEnd() throws(TOMLError) -> Bool {
        let before = scanner
        scanner.advance()
        scanner.skipBlanks()
        guard scanner.acceptNewline() else {
            scanner = before
            return false
        }
        repeat { scanner.skipBlanks() } while scanner.acceptNewline()
        return true
    }

    private mutating func escape(into bytes: inout [UInt8]) throws(TOMLError) {
        let start = scanner.position
        scanner.advance()
        let letter = scanner.peek()
        let plain: UInt8? =
            switch letter {
            case UInt8(ascii: "\"")?, UInt8(ascii: "\\")?: letter
            case UInt8(ascii: "b")?: 0x08
            case UInt8(ascii: "t")?: 0x09
            case UInt8(ascii: "n")?: 0x0A
            case UInt8(ascii: "f")?: 0x0C
            case UInt8(ascii: "r")?: 0x0D
            default: nil
            }
        if let plain {
            scanner.advance()
            bytes.append(plain)
            return
        }
        guard letter == UInt8(ascii: "u") || letter == UInt8(ascii: "U") else {
            let shown = letter.map { $0 > 0x20 && $0 < 0x7F ? "\\\(Unicode.Scalar($0))" : "\\" } ?? "\\"
            throw .invalidEscape(shown, at: start)
        }
        scanner.advance()
        let length = letter == UInt8(ascii: "u") ? 4 : 8
        var digits = ""
        while digits.utf8.count < length, let byte = scanner.peek(), Character(Unicode.Scalar(byte)).isHexDigit {
            digits.unicodeScalars.append(Unicode.Scalar(byte))
            scanner.advance()
        }
        guard digits.utf8.count == length, let code = UInt32(digits, radix: 16), let scalar = Unicode.Scalar(code)
        else {
            throw TOMLError(
                start,
                "'\\\(length == 4 ? "u" : "U")\(digits)' is not a character",
                cure: "write its number in Unicode with \(length) hexadecimal digits, or \\\\ for a backslash"
            )
        }
        bytes += Array(String(scalar).utf8)
    }
}
