/// Steps through the bytes of a TOML text, and knows the line and column of the next one.
struct TOMLScanner {
    private let bytes: [UInt8]
    private var index = 0
    private var line = 1
    private var column = 1

    /// Skips a byte order mark at the start; editors on Windows write one.
    ///
    /// - Throws: Where the bytes are not UTF-8.
    init(_ bytes: [UInt8]) throws(TOMLError) {
        self.bytes = bytes
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { index = 3 }
        do {
            _ = try UTF8Span(validating: bytes.span)
        } catch {
            while index < error.byteOffsets.lowerBound { advance() }
            throw .notUTF8(bytes[index], at: position)
        }
    }

    var position: TOMLPosition { TOMLPosition(line: line, column: column) }

    /// The next byte, or one after it; `nil` at the end.
    func peek(_ offset: Int = 0) -> UInt8? {
        index + offset < bytes.count ? bytes[index + offset] : nil
    }

    /// Whether these bytes come next.
    func isNext(_ text: StaticString) -> Bool {
        for offset in 0..<text.utf8CodeUnitCount where peek(offset) != text.utf8Start[offset] { return false }
        return true
    }

    mutating func advance() {
        let byte = bytes[index]
        index += 1
        if byte == UInt8(ascii: "\n") {
            (line, column) = (line + 1, 1)
        } else if byte & 0xC0 != 0x80 {
            // Only the first byte of a scalar counts.
            column += 1
        }
    }

    /// Skips these bytes if they come next.
    mutating func accept(_ text: StaticString) -> Bool {
        guard isNext(text) else { return false }
        for _ in 0..<text.utf8CodeUnitCount { advance() }
        return true
    }

    /// The next bytes for which this is true.
    mutating func take(while isWanted: (UInt8) -> Bool) -> [UInt8] {
        let start = index
        while let byte = peek(), isWanted(byte) { advance() }
        return Array(bytes[start..<index])
    }

    mutating func skipBlanks() {
        while let byte = peek(), byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") { advance() }
    }

    /// Whether the line or the file ends here.
    var isAtLineEnd: Bool { index == bytes.count || isAtNewline }

    var isAtNewline: Bool {
        peek() == UInt8(ascii: "\n") || peek() == UInt8(ascii: "\r") && peek(1) == UInt8(ascii: "\n")
    }

    mutating func acceptNewline() -> Bool { accept("\n") || accept("\r\n") }

    /// Blanks, and a comment after them.
    mutating func skipBlanksAndComment() throws(TOMLError) {
        skipBlanks()
        guard isNext("#") else { return }
        while !isAtLineEnd {
            try refuseControlCharacter()
            advance()
        }
    }

    /// Blanks, comments and line ends.
    mutating func skipLines() throws(TOMLError) {
        repeat { try skipBlanksAndComment() } while acceptNewline()
    }

    /// - Throws: Where the next byte is a control character other than a tab or a line's end.
    func refuseControlCharacter() throws(TOMLError) {
        guard let byte = peek(), byte < 0x20 && byte != UInt8(ascii: "\t") || byte == 0x7F, !isAtNewline else { return }
        throw .controlCharacter(found, isNull: byte == 0, at: position)
    }

    /// A name for what comes next, for a message.
    var found: String {
        if isAtNewline { return "the end of the line" }
        let rest = String(decoding: bytes[index..<min(index + 4, bytes.count)], as: UTF8.self)
        guard let scalar = rest.unicodeScalars.first else { return "the end of the file" }
        let code = String(scalar.value, radix: 16, uppercase: true)
        let name = "U+" + String(repeating: "0", count: max(0, 4 - code.count)) + code
        if scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) { return "the control character \(name)" }
        return scalar.isASCII ? "'\(scalar)'" : "'\(scalar)' (\(name))"
    }
}

extension UInt8 {
    /// Whether it may stand in a key without quotes.
    var isTOMLBareKey: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
