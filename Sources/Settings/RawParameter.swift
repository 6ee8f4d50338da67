import Vocabulary

/// One of a table of parameters, before it is parsed into its type.
struct RawParameter: Sendable, Equatable {
    let name: String
    /// The value as main.cf has it.
    let value: String
    /// The place in the file; `nil` in other sources.
    let position: TOMLPosition?

    /// `nil` where no parameter of Postfix has such a value: a table, a date, a fraction.
    init?(_ entry: TOMLTable.Entry) {
        guard let value = Self.text(of: entry.value.content) else { return nil }
        self.name = entry.key
        self.value = value
        self.position = entry.position
    }

    /// Reads `name=value` of a variable or a flag.
    init(_ text: some StringProtocol) throws(InvalidValue) {
        let pair = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard pair.count == 2 else {
            let expected = "name=value; commas separate parameters here, so a value with a comma has to stand in a file"
            throw InvalidValue(text, expected: expected)
        }
        self.name = Self.trimmed(pair[0])
        self.value = Self.trimmed(pair[1])
        self.position = nil
    }

    private static func text(of value: TOMLValue.Content) -> String? {
        switch value {
        case .string(let text): return text
        case .integer(let number): return "\(number)"
        case .boolean(let flag): return flag ? "yes" : "no"
        case .array(let items):
            let texts = items.compactMap { item -> String? in
                if case .array = item.content { return nil }
                return text(of: item.content)
            }
            // Postfix would not see an empty item, or the blanks around one.
            let arePlain = texts.allSatisfy { !$0.isEmpty && $0.first != " " && $0.last != " " }
            return texts.count == items.count && arePlain ? texts.joined(separator: ", ") : nil
        case .float, .dateTime, .table: return nil
        }
    }

    private static func trimmed(_ text: some StringProtocol) -> String {
        String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
