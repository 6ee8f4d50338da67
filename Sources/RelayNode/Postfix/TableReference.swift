/// A table as a parameter of Postfix names it: `TYPE:NAME` (DATABASE_README).
package struct TableReference: Sendable, Hashable, CustomStringConvertible {
    package let type: String
    package let name: String

    package init(type: String, name: String) {
        self.type = type
        self.name = name
    }

    package var description: String { "\(type):\(name)" }

    /// The tables of a list such as `hash:/etc/postfix/a, pipemap:{regexp:/etc/postfix/b, inline:{c=d}}`. A table of tables
    /// gives those that are in it, and a `proxy:` table the one that it stands for.
    package static func all(in value: String) -> [TableReference] {
        value.postfixListWords.flatMap { word -> [TableReference] in
            let parts = word.unicodeScalars.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty, parts[0].allSatisfy(\.isTypeCharacter) else { return [] }
            let (type, name) = (String(parts[0]), String(parts[1]))
            switch type {
            case "proxy": return all(in: name)
            case "pipemap", "unionmap":
                guard name.hasPrefix("{"), name.hasSuffix("}") else { return [] }
                return all(in: String(name.dropFirst().dropLast()))
            default: return [TableReference(type: type, name: name)]
            }
        }
    }

    /// The absolute paths below other folders that the tables in a file of Postfix's lead to, each once.
    ///
    /// The search reads no syntax but comments: it runs in each pass, and an extra path does no harm.
    package static func paths(in text: String, outside folder: String) -> [String] {
        var paths: Set<String> = []
        for line in text.utf8.split(separator: UInt8(ascii: "\n")) where line.first != UInt8(ascii: "#") {
            var rest = line[...]
            while let colon = rest.firstIndex(of: UInt8(ascii: ":")) {
                rest = rest[rest.index(after: colon)...]
                guard rest.first == UInt8(ascii: "/") else { continue }
                let path = String(decoding: rest.prefix { !separators.contains($0) }, as: UTF8.self)
                // Two slashes are a URL's.
                if !path.hasPrefix("//"), !path.hasPrefix("\(folder)/") { paths.insert(path) }
            }
        }
        return paths.sorted()
    }

    private static let separators = Set(" \t\r,{}".utf8)
}

extension Unicode.Scalar {
    fileprivate var isTypeCharacter: Bool {
        properties.isAlphabetic || ("0"..."9").contains(self) || self == "_" || self == "-"
    }
}

extension String {
    /// The words between white space and commas that are not in braces.
    package var postfixListWords: [String] { wordsOutsideBraces { $0.isPostfixSpace || $0 == "," } }
}
