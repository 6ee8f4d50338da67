/// Where in a TOML text each key stands. The parser tells places of syntax errors only.
///
/// The text has been parsed already, so this reads what is known to be TOML, and only as much of it as keys need.
struct TOMLPositions {
    struct Position: Equatable {
        let line: Int
        let column: Int
    }

    /// By the key's full name, its parts joined by dots.
    private(set) var positions: [String: Position] = [:]

    private let text: [Character]
    private var index = 0
    private var line = 1
    private var column = 1

    init(_ text: String) {
        // A Character per line end, whichever kind it is.
        self.text = Array(text)
        var table: [String] = []
        while let character = peek() {
            switch character {
            case " ", "\t", "\n", "\r\n", "\r": advance()
            case "#": skipLine()
            case "[":
                let start = position
                while peek() == "[" { advance() }
                table = key()
                record(table, at: start)
                skipLine()
            default: entry(in: table)
            }
        }
    }

    private var position: Position { Position(line: line, column: column) }

    private func peek(_ offset: Int = 0) -> Character? {
        index + offset < text.count ? text[index + offset] : nil
    }

    private mutating func advance() {
        if text[index].isNewline {
            line += 1
            column = 1
        } else {
            column += 1
        }
        index += 1
    }

    private mutating func record(_ path: [String], at position: Position) {
        let name = path.joined(separator: ".")
        if positions[name] == nil { positions[name] = position }
    }

    private mutating func skipLine() {
        while let character = peek(), !character.isNewline { advance() }
    }

    private mutating func skipBlanks(lines: Bool = false) {
        while let character = peek() {
            if character == " " || character == "\t" || (lines && character.isNewline) {
                advance()
            } else if lines, character == "#" {
                skipLine()
            } else {
                return
            }
        }
    }

    /// `key = value`, the key dotted or not.
    private mutating func entry(in table: [String]) {
        let start = position
        let before = index
        let path = table + key()
        record(path, at: start)
        skipBlanks()
        if peek() == "=" { advance() }
        skipBlanks()
        value(of: path)
        // Whatever this is, it must not be read again and again.
        if index == before { advance() }
    }

    private mutating func key() -> [String] {
        var parts: [String] = []
        while true {
            skipBlanks()
            switch peek() {
            case "\""?: parts.append(quoted("\"", escapes: true))
            case "'"?: parts.append(quoted("'", escapes: false))
            default:
                var part = ""
                while let character = peek(), character.isLetter || character.isNumber || "-_".contains(character) {
                    part.append(character)
                    advance()
                }
                parts.append(part)
            }
            skipBlanks()
            guard peek() == "." else { return parts }
            advance()
        }
    }

    private mutating func value(of path: [String]) {
        switch peek() {
        case "\""?: _ = string("\"", escapes: true)
        case "'"?: _ = string("'", escapes: false)
        case "["?:
            advance()
            items(until: "]") { $0.value(of: path + [""]) }
        case "{"?:
            advance()
            items(until: "}") { $0.entry(in: path) }
        default:
            while let character = peek(), !character.isNewline, !",]}#".contains(character) { advance() }
        }
    }

    private mutating func items(until end: Character, _ item: (inout TOMLPositions) -> Void) {
        while true {
            skipBlanks(lines: true)
            guard let character = peek() else { return }
            if character == end { return advance() }
            if character == "," { advance() } else { item(&self) }
        }
    }

    /// A string, of one line or of several.
    private mutating func string(_ quote: Character, escapes: Bool) -> String {
        guard peek(1) == quote, peek(2) == quote else { return quoted(quote, escapes: escapes) }
        for _ in 0..<3 { advance() }
        while let character = peek() {
            if escapes, character == "\\" {
                advance()
                if peek() != nil { advance() }
            } else if character == quote, peek(1) == quote, peek(2) == quote {
                // Up to two quotes more belong to the text.
                while peek() == quote { advance() }
                return ""
            } else {
                advance()
            }
        }
        return ""
    }

    private mutating func quoted(_ quote: Character, escapes: Bool) -> String {
        advance()
        var content = ""
        while let character = peek(), character != quote {
            if escapes, character == "\\" { advance() }
            if let next = peek() {
                content.append(next)
                advance()
            }
        }
        if peek() != nil { advance() }
        return content
    }
}
