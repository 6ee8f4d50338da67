/// Postfix's master.cf, edited in place.
///
/// An entry is a line of eight fields or more; lines that begin with white space continue it, and what stands in braces
/// is one field (master(5)).
package struct MasterCf: Sendable, Equatable {
    private var lines: [String]

    package init(_ text: String) {
        self.lines = text.lineFeedSeparated
    }

    package var text: String { lines.isEmpty ? "" : lines.joined(separator: "\n") + "\n" }

    /// A service of Postfix's master.
    package struct Entry: Sendable, Equatable {
        /// Its name: for `inet` services a port, or an address and a port.
        package let service: String
        package let type: String
        package let command: String
        package let arguments: [String]
        /// The indices of its lines.
        let lines: [Int]

        /// What it is and does, however it is written.
        package var meaning: [String] { [service, type, command] + overrides.map { "\($0.name)=\($0.value)" } }

        /// The parameters that its `-o name=value` arguments override, with their values.
        package var overrides: [(name: String, value: String)] {
            var found: [(name: String, value: String)] = []
            var index = 0
            while index < arguments.count {
                // "-o name=value" and "-oname=value" are common, and since Postfix 3.0 "-o { name = value }".
                var option = arguments[index]
                index += 1
                if option == "-o", index < arguments.count {
                    option = arguments[index]
                    index += 1
                } else if option.hasPrefix("-o") {
                    option = String(option.dropFirst(2))
                } else {
                    continue
                }
                if option.hasPrefix("{"), option.hasSuffix("}") { option = String(option.dropFirst().dropLast()) }
                let pair = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                let parts = pair.map { $0.split(whereSeparator: \.isPostfixSpace).joined(separator: " ") }
                found.append((parts[0], parts.count == 2 ? parts[1] : ""))
            }
            return found
        }
    }

    package var entries: [Entry] {
        var groups: [(indices: [Int], text: String)] = []
        for (index, line) in lines.enumerated() {
            let content = line.drop(while: \.isPostfixSpace)
            if content.isEmpty || content.hasPrefix("#") { continue }
            if content.startIndex == line.startIndex {
                groups.append(([index], line))
            } else if let last = groups.popLast() {
                groups.append((last.indices + [index], last.text + " " + line))
            }
        }
        return groups.compactMap { group in
            let words = Self.words(of: group.text)
            guard words.count >= 8 else { return nil }
            return Entry(
                service: words[0],
                type: words[1],
                command: words[7],
                arguments: Array(words.dropFirst(8)),
                lines: group.indices
            )
        }
    }

    private static func words(of text: String) -> [String] {
        var words: [String] = []
        var word = ""
        var depth = 0
        for character in text {
            if character.isPostfixSpace, depth == 0 {
                if !word.isEmpty { words.append(word) }
                word = ""
                continue
            }
            // A brace counts where a field begins with one.
            if character == "{", depth > 0 || word.isEmpty { depth += 1 }
            if character == "}", depth > 0 { depth -= 1 }
            word.append(character)
        }
        return word.isEmpty ? words : words + [word]
    }

    /// Takes a service's entry out, where it stands there in just these lines.
    package mutating func remove(_ service: String, _ type: String, where unwanted: [String]) {
        let matching = entries.filter { entry in
            entry.service == service && entry.type == type && entry.lines.map { lines[$0] } == unwanted
        }
        for index in matching.flatMap(\.lines).sorted(by: >) { lines.remove(at: index) }
    }

    /// Puts a service's entry in place of the one of that name and type, or at the end.
    package mutating func set(_ service: String, _ type: String, to wanted: [String]) {
        let matching = entries.filter { $0.service == service && $0.type == type }
        if matching.count == 1, matching[0].lines.map({ lines[$0] }) == wanted { return }
        let position = matching.first?.lines.first ?? lines.count
        for index in matching.flatMap(\.lines).sorted(by: >) { lines.remove(at: index) }
        lines.insert(contentsOf: wanted, at: position)
    }
}
