import Vocabulary

/// What no settings' file has, and at which toml++ 3.4 may end the whole process by an assertion: so it never gets to see
/// it. Besides two errors of form these are values that no setting takes: dates, times, fractions, and words without quotes.
struct TOMLHazard: Equatable {
    let place: TOMLPositions.Position
    let reason: String

    /// The first one in a text; `nil` where there is none.
    init?(in text: String) {
        var scan = Scan(text)
        guard let found = Self.namelessHeader(in: text) ?? scan.strayValue() else { return nil }
        self = found
    }

    private init(_ place: TOMLPositions.Position, _ reason: String) {
        self.place = place
        self.reason = reason
    }

    /// The first line that begins like a table's header, but without a name (parse_key). In a list of lists such a line
    /// would be right, but no setting has these.
    private static func namelessHeader(in text: String) -> TOMLHazard? {
        let lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            var rest = line
            if index == 0, rest.starts(with: "\u{FEFF}".utf8) { rest = rest.dropFirst(3) }
            rest = rest.drop(while: isBlank)
            guard rest.first == UInt8(ascii: "[") else { continue }
            rest = rest.dropFirst()
            if rest.first == UInt8(ascii: "[") { rest = rest.dropFirst() }
            rest = rest.drop(while: isBlank)
            guard let next = rest.first, next.isLetterDigitOrHyphen || #"_"']"#.utf8.contains(next) else {
                let column = line.distance(from: line.startIndex, to: rest.startIndex) + 1
                let place = TOMLPositions.Position(line: index + 1, column: column)
                return TOMLHazard(place, "a table's name is missing after '['")
            }
        }
        return nil
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

    /// Reads strings, comments and brackets, and nothing else.
    private struct Scan {
        private var rest: Substring.UnicodeScalarView
        private var line = 1
        private var column = 1

        init(_ text: String) { self.rest = text[...].unicodeScalars }

        /// The first place where a value should stand, but none does that a setting could have: a brace is closed, or a
        /// line ends by a character that ends none in TOML (parse_value), or a date begins (parse_time).
        mutating func strayValue() -> TOMLHazard? {
            var open: [Unicode.Scalar] = []
            var isAtLineStart = true
            var awaitsValue = false
            while let scalar = rest.first {
                let place = TOMLPositions.Position(line: line, column: column)
                switch scalar {
                case " ", "\t", "\r", "\n": break
                case "#":
                    skipLine()
                    continue
                case "\"", "'":
                    skipString(scalar)
                    (isAtLineStart, awaitsValue) = (false, false)
                    continue
                case "[" where isAtLineStart && open.isEmpty:
                    skipLine()
                    continue
                case "[", "{": open.append(scalar)
                case "]", ",": if scalar == "]" { _ = open.popLast() }
                case "}" where !awaitsValue: _ = open.popLast()
                case _ where awaitsValue:
                    let word = word()
                    guard Self.isPlain(word) else {
                        let shown = word.isEmpty ? "nothing" : "'\(word.escapedForDisplay)'"
                        return TOMLHazard(
                            place,
                            "\(shown) stands where a number, true, false or a text in quotes should"
                        )
                    }
                    awaitsValue = false
                    continue
                default: break
                }
                advance()
                if scalar == "\n" { isAtLineStart = true }
                if ![" ", "\t", "\r", "\n"].contains(scalar) {
                    isAtLineStart = false
                    awaitsValue = scalar == "=" || (open.last == "[" && (scalar == "[" || scalar == ","))
                }
            }
            return nil
        }

        /// What stands here, up to what can end a value.
        private mutating func word() -> String {
            var word = ""
            while let scalar = rest.first, !",]}# \t\r\n\u{85}\u{2028}\u{2029}".unicodeScalars.contains(scalar) {
                word.unicodeScalars.append(scalar)
                advance()
            }
            return word
        }

        /// Whether it is a whole number, true or false.
        private static func isPlain(_ word: String) -> Bool {
            var digits = word[...]
            if digits.first == "+" || digits.first == "-" { digits = digits.dropFirst() }
            return ["true", "false"].contains(word)
                || (digits.utf8.first.map { (0x30...0x39).contains($0) } ?? false)
                    && digits.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == UInt8(ascii: "_") }
        }

        private mutating func advance() {
            let scalar = rest.removeFirst()
            (line, column) = scalar == "\n" ? (line + 1, 1) : (line, column + 1)
        }

        private mutating func skipLine() {
            while let scalar = rest.first, scalar != "\n" { advance() }
        }

        /// A string to its end, or what has none to the end of its line.
        private mutating func skipString(_ quote: Unicode.Scalar) {
            let isLong = rest.prefix(3).elementsEqual([quote, quote, quote])
            for _ in 0..<(isLong ? 3 : 1) { advance() }
            while let scalar = rest.first {
                if isLong ? rest.prefix(3).elementsEqual([quote, quote, quote]) : scalar == quote {
                    while rest.first == quote { advance() }
                    return
                }
                if !isLong, scalar == "\n" { return }
                advance()
                if scalar == "\\", quote == "\"", rest.first != nil { advance() }
            }
        }
    }
}
