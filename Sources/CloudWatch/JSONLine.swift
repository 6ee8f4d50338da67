import Vocabulary

/// A JSON object on one line, with its members in the order in which they were added.
struct JSONLine: CustomStringConvertible {
    private var members: [String] = []

    var description: String { "{" + members.joined(separator: ",") + "}" }

    /// Adds a text; `nil` adds nothing.
    mutating func add(_ name: String, _ text: String?) {
        if let text { members.append("\"\(name)\":\(text.quotedAsJSON)") }
    }

    mutating func add(_ name: String, _ number: Int) { members.append("\"\(name)\":\(number)") }

    /// Adds a number of at most three digits after the point.
    mutating func add(_ name: String, thousandths number: Double) {
        guard number.isFinite, abs(number) < 1e12 else { return }
        members.append("\"\(name)\":\((number * 1000).rounded() / 1000)")
    }
}
