/// The first place where a text is not TOML 1.0, what is wrong there, and how to put it right.
struct TOMLError: Error, Equatable, CustomStringConvertible {
    let position: TOMLPosition
    let problem: String
    let cure: String

    init(_ position: TOMLPosition, _ problem: String, cure: String) {
        self.position = position
        self.problem = problem
        self.cure = cure
    }

    var description: String { "\(problem); \(cure)" }

    static func notUTF8(_ byte: UInt8, at position: TOMLPosition) -> TOMLError {
        let shown = "0x" + String(byte, radix: 16, uppercase: true)
        return TOMLError(position, "the byte \(shown) is not UTF-8", cure: "save the file as text in UTF-8")
    }

    /// Null characters mean that the text is in UTF-16.
    static func controlCharacter(_ found: String, isNull: Bool, at position: TOMLPosition) -> TOMLError {
        let cure =
            isNull ? "save the file as text in UTF-8" : "remove it, or write it in double quotes, such as \"\\u001B\""
        return TOMLError(position, "\(found) is not allowed", cure: cure)
    }

    static func tooDeep(at position: TOMLPosition) -> TOMLError {
        TOMLError(
            position,
            "tables and arrays are more than \(TOMLReader.maximalDepth) levels deep",
            cure: "remove brackets, or dots in the key"
        )
    }

    static func missingName(at position: TOMLPosition, isArray: Bool) -> TOMLError {
        let (bracket, form) = isArray ? ("[[", "[[NAME]]") : ("[", "[NAME]")
        return TOMLError(position, "a table's name is missing after '\(bracket)'", cure: "write \(form)")
    }

    static func missingKey(_ found: String, at position: TOMLPosition) -> TOMLError {
        TOMLError(
            position,
            "\(found) stands where a key should",
            cure: "write a key, and put it in quotes where it has other characters than A-Z, a-z, 0-9, - and _"
        )
    }

    static func missingValue(_ found: String, at position: TOMLPosition) -> TOMLError {
        TOMLError(
            position,
            "\(found) stands where a value should",
            cure: "write a value, such as \"text\", 25, true or [\"a\", \"b\"]"
        )
    }

    static func invalidValue(_ word: String, at position: TOMLPosition) -> TOMLError {
        let problem = "'\(word.shortened)' is not a number, a date, true or false"
        let small = word.lowercased()
        if ["true", "false", "inf", "nan"].contains(small) {
            return TOMLError(position, problem, cure: "write \(small) in small letters")
        }
        if let first = word.unicodeScalars.first, "“”„‟‘’‚‛«»".unicodeScalars.contains(first) {
            return TOMLError(position, problem, cure: "put a text in plain quotes, \" or '")
        }
        return TOMLError(position, problem, cure: "put a text in quotes: \(word.shortened.quotedForTOML)")
    }

    static func invalidNumber(_ word: String, at position: TOMLPosition, _ reason: String, cure: String) -> TOMLError {
        TOMLError(position, "the number \(word.shortened) \(reason)", cure: cure)
    }

    static func unclosedText(_ quotes: String, from position: TOMLPosition) -> TOMLError {
        TOMLError(
            position,
            "the text that begins here has no end",
            cure: quotes.count == 1 ? "write \(quotes) at its end, on the same line" : "write \(quotes) at its end"
        )
    }

    static func invalidEscape(_ escape: String, at position: TOMLPosition) -> TOMLError {
        TOMLError(
            position,
            "'\(escape)' is not an escape in TOML",
            cure: "write \\\\ for a backslash, or put the text in single quotes"
        )
    }

    static func unclosed(_ what: String, _ bracket: String, found: String, at position: TOMLPosition) -> TOMLError {
        TOMLError(
            position,
            "\(found) stands where \(what) should go on or end",
            cure: "write a comma between two entries, and '\(bracket)' after the last"
        )
    }

    static func brokenInlineTable(at position: TOMLPosition) -> TOMLError {
        TOMLError(
            position,
            "the table in braces does not end on its line",
            cure: "write it on one line, or as [NAME] with each key on a line of its own below"
        )
    }

    static func repeated(_ name: String, at position: TOMLPosition, first: TOMLPosition) -> TOMLError {
        TOMLError(position, "\(name.shortened) is already set in line \(first.line)", cure: "remove one of the two")
    }

    static func closedTable(_ name: String, at position: TOMLPosition, first: TOMLPosition) -> TOMLError {
        TOMLError(
            position,
            "the table \(name.shortened) is already set in line \(first.line)",
            cure: "write all its keys there"
        )
    }

    static func notATable(_ name: String, at position: TOMLPosition, first: TOMLPosition) -> TOMLError {
        TOMLError(
            position,
            "\(name.shortened) is a value in line \(first.line), so it has no keys",
            cure: "rename one of the two"
        )
    }
}

extension String {
    /// At most 40 characters of it.
    fileprivate var shortened: String {
        let start = unicodeScalars.prefix(41)
        return start.count <= 40 ? self : String(String.UnicodeScalarView(start.dropLast())) + "..."
    }
}
