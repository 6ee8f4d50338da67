/// A JSON object on one line, with its members in the order in which they were added.
struct JSONLine: CustomStringConvertible {
    private var members: [String] = []

    var description: String { "{" + members.joined(separator: ",") + "}" }

    /// Adds a text; `nil` adds nothing.
    mutating func add(_ name: String, _ text: String?) {
        if let text { members.append("\"\(name)\":\(Self.quoted(text))") }
    }

    mutating func add(_ name: String, _ number: Int) { members.append("\"\(name)\":\(number)") }

    /// Adds a number of at most three digits after the point.
    mutating func add(_ name: String, thousandths number: Double) {
        guard number.isFinite, abs(number) < 1e12 else { return }
        members.append("\"\(name)\":\((number * 1000).rounded() / 1000)")
    }

    /// A text as a JSON string (RFC 8259, section 7).
    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
