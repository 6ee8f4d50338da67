/// A place in a file, both from 1 on; the column counts Unicode scalars.
struct TOMLPosition: Sendable, Equatable {
    let line: Int
    let column: Int
}

/// A value and the place where it begins.
struct TOMLValue: Sendable, Equatable {
    enum Content: Sendable, Equatable {
        case string(String)
        case integer(Int64)
        case float(Double)
        case boolean(Bool)
        case dateTime(TOMLDateTime)
        case array([TOMLValue])
        case table(TOMLTable)
    }

    let content: Content
    let position: TOMLPosition
}

/// A table's entries, in the order of the file.
struct TOMLTable: Sendable, Equatable {
    struct Entry: Sendable, Equatable {
        let key: String
        /// The start of the `a.b = ...` or of the header that names the key first.
        let position: TOMLPosition
        let value: TOMLValue
    }

    let entries: [Entry]

    /// The value of a key, by a search through all entries.
    subscript(key: String) -> TOMLValue? { entries.first { $0.key == key }?.value }
}

extension TOMLValue {
    var isTable: Bool { if case .table = content { true } else { false } }
}

extension TOMLValue: CustomStringConvertible {
    /// As it would stand in TOML, on one line.
    var description: String {
        switch content {
        case .string(let text): text.quotedForTOML
        case .integer(let number): "\(number)"
        case .float(let number): "\(number)"
        case .boolean(let flag): "\(flag)"
        case .dateTime(let dateTime): dateTime.text
        case .array(let items): "[" + items.map(\.description).joined(separator: ", ") + "]"
        case .table(let table): table.description
        }
    }
}

extension TOMLTable: CustomStringConvertible {
    /// As an inline table.
    var description: String {
        if entries.isEmpty { return "{}" }
        return "{ " + entries.map { "\($0.key.keyForTOML) = \($0.value)" }.joined(separator: ", ") + " }"
    }
}

extension String {
    /// The text in double quotes, on one line, and without control characters.
    var quotedForTOML: String {
        var quoted = "\""
        for scalar in unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\\(scalar)"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            case "\0"..."\u{1F}", "\u{7F}"..."\u{9F}":
                let code = String(scalar.value, radix: 16, uppercase: true)
                quoted += "\\u" + String(repeating: "0", count: 4 - code.count) + code
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }

    /// The text as a key: in quotes where it needs them.
    var keyForTOML: String { !isEmpty && utf8.allSatisfy(\.isTOMLBareKey) ? self : quotedForTOML }
}
