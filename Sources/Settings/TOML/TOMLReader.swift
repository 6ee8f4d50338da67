/// Reads TOML 1.0 (https://toml.io/en/v1.0.0), and keeps the place of each key and value. It reads or refuses any bytes, in time
/// proportional to their number and on a bounded stack.
struct TOMLReader {
    /// The limit of tables and arrays inside each other. The reader calls itself for each, so the stack needs a bound.
    static let maximalDepth = 100

    var scanner: TOMLScanner

    /// - Throws: The first thing that is no TOML.
    static func read(_ bytes: [UInt8]) throws(TOMLError) -> TOMLTable {
        var reader = TOMLReader(scanner: try TOMLScanner(bytes))
        return try reader.document()
    }

    private mutating func document() throws(TOMLError) -> TOMLTable {
        let root = TOMLTableBuilder(.header, at: scanner.position)
        var (table, depth) = (root, 0)
        while true {
            try scanner.skipLines()
            if scanner.peek() == nil { return root.table }
            let start = scanner.position
            if scanner.accept("[") {
                let isArray = scanner.accept("[")
                let path = try tableName(isArray: isArray)
                table = isArray ? try root.appendTable(path, at: start) : try root.openTable(path, at: start)
                depth = path.count
            } else {
                try keyAndValue(into: table, depth: depth)
            }
            try scanner.skipBlanksAndComment()
            guard scanner.isAtLineEnd else {
                try scanner.refuseControlCharacter()
                throw TOMLError(
                    scanner.position,
                    "\(scanner.found) stands where the line should end",
                    cure: "write one KEY = VALUE or [NAME] in a line, and '#' before a comment"
                )
            }
        }
    }

    /// A header after its opening brackets.
    private mutating func tableName(isArray: Bool) throws(TOMLError) -> [String] {
        scanner.skipBlanks()
        guard let next = scanner.peek(), next.isTOMLBareKey || scanner.isNext("\"") || scanner.isNext("'") else {
            throw .missingName(at: scanner.position, isArray: isArray)
        }
        let path = try keyPath(depth: 0)
        guard isArray ? scanner.accept("]]") : scanner.accept("]") else {
            let bracket = isArray ? "]]" : "]"
            throw TOMLError(
                scanner.position,
                "\(scanner.found) stands where '\(bracket)' should",
                cure: "write '\(bracket)' after the table's name"
            )
        }
        return path
    }

    private mutating func keyAndValue(into table: TOMLTableBuilder, depth: Int) throws(TOMLError) {
        let start = scanner.position
        let path = try keyPath(depth: depth)
        guard scanner.accept("=") else {
            throw TOMLError(
                scanner.position,
                "\(scanner.found) stands where '=' should",
                cure:
                    "write KEY = VALUE, and put a key in quotes where it has other characters than A-Z, a-z, 0-9, - and _"
            )
        }
        scanner.skipBlanks()
        try table.set(path, try value(depth: depth + path.count), at: start)
    }

    /// A key with the blanks after it, split at its dots.
    private mutating func keyPath(depth: Int) throws(TOMLError) -> [String] {
        var path: [String] = []
        repeat {
            scanner.skipBlanks()
            let start = scanner.position
            if depth + path.count == Self.maximalDepth { throw .tooDeep(at: start) }
            switch scanner.peek() {
            case UInt8(ascii: "\"")?, UInt8(ascii: "'")?:
                if scanner.isNext("\"\"\"") || scanner.isNext("'''") {
                    throw .missingKey("a text of several lines", at: start)
                }
                path.append(try string())
            default:
                try scanner.refuseControlCharacter()
                let bytes = scanner.take(while: \.isTOMLBareKey)
                if bytes.isEmpty { throw .missingKey(scanner.found, at: start) }
                path.append(String(decoding: bytes, as: UTF8.self))
            }
            scanner.skipBlanks()
        } while scanner.accept(".")
        return path
    }

    private mutating func value(depth: Int) throws(TOMLError) -> TOMLValue {
        let start = scanner.position
        let content: TOMLValue.Content =
            switch scanner.peek() {
            case UInt8(ascii: "\"")?, UInt8(ascii: "'")?: .string(try string())
            case UInt8(ascii: "[")?: .array(try array(depth: depth + 1))
            case UInt8(ascii: "{")?: .table(try inlineTable(depth: depth + 1))
            default: try scalar()
            }
        return TOMLValue(content: content, position: start)
    }

    private mutating func array(depth: Int) throws(TOMLError) -> [TOMLValue] {
        if depth > Self.maximalDepth { throw .tooDeep(at: scanner.position) }
        scanner.advance()
        var items: [TOMLValue] = []
        while true {
            try scanner.skipLines()
            if scanner.accept("]") { return items }
            if scanner.peek() != nil {
                items.append(try value(depth: depth))
                try scanner.skipLines()
                if scanner.accept("]") { return items }
                if scanner.accept(",") { continue }
            }
            throw .unclosed("the array", "]", found: scanner.found, at: scanner.position)
        }
    }

    /// Nothing can be added to an inline table after its brace, so it has a builder of its own.
    private mutating func inlineTable(depth: Int) throws(TOMLError) -> TOMLTable {
        if depth > Self.maximalDepth { throw .tooDeep(at: scanner.position) }
        let builder = TOMLTableBuilder(.header, at: scanner.position)
        scanner.advance()
        scanner.skipBlanks()
        if scanner.accept("}") { return builder.table }
        while true {
            if scanner.isAtLineEnd || scanner.isNext("#") { throw .brokenInlineTable(at: scanner.position) }
            try keyAndValue(into: builder, depth: depth)
            scanner.skipBlanks()
            if scanner.accept("}") { return builder.table }
            if scanner.isAtLineEnd || scanner.isNext("#") { throw .brokenInlineTable(at: scanner.position) }
            guard scanner.accept(",") else {
                throw .unclosed("the table", "}", found: scanner.found, at: scanner.position)
            }
            scanner.skipBlanks()
        }
    }
}
