import Vocabulary

/// JSON whose objects keep the order of their members, so that a reader finds the settings as they are declared.
indirect enum JSONText: Sendable {
    case text(String)
    case number(Int)
    case boolean(Bool)
    case list([JSONText])
    case object([(String, JSONText)])

    /// The JSON, two blanks for each level.
    func written(indentation: String = "") -> String {
        let inner = indentation + "  "
        switch self {
        case .text(let text): return text.quotedAsJSON
        case .number(let number): return "\(number)"
        case .boolean(let value): return "\(value)"
        case .list(let items):
            return "[" + items.map { $0.written(indentation: indentation) }.joined(separator: ", ") + "]"
        case .object(let members):
            let lines = members.map { "\(inner)\($0.quotedAsJSON): \($1.written(indentation: inner))" }
            return lines.isEmpty ? "{}" : "{\n\(lines.joined(separator: ",\n"))\n\(indentation)}"
        }
    }
}
