/// Postfix's master.cf, edited in place.
///
/// An entry is a line of eight fields or more; lines that begin with white space continue it (master(5)).
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

        /// The parameters that its `-o name=value` arguments override, with their values.
        package var overrides: [(name: String, value: String)] {
            var found: [(name: String, value: String)] = []
            var index = 0
            while index < arguments.count {
                // Both "-o name=value" and "-oname=value" are common.
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
                let pair = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                found.append((String(pair[0]), pair.count == 2 ? String(pair[1]) : ""))
            }
            return found
        }
    }

    package var entries: [Entry] {
        var groups: [(indices: [Int], words: [String])] = []
        for (index, line) in lines.enumerated() {
            let content = line.drop(while: \.isPostfixSpace)
            if content.isEmpty || content.hasPrefix("#") { continue }
            let words = content.split(whereSeparator: \.isPostfixSpace).map(String.init)
            if content.startIndex == line.startIndex {
                groups.append(([index], words))
            } else if let last = groups.popLast() {
                groups.append((last.indices + [index], last.words + words))
            }
        }
        return groups.compactMap { group in
            guard group.words.count >= 8 else { return nil }
            return Entry(
                service: group.words[0],
                type: group.words[1],
                command: group.words[7],
                arguments: Array(group.words.dropFirst(8)),
                lines: group.indices
            )
        }
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
