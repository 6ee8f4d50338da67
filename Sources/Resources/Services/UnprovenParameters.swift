import Vocabulary

/// The relay could not be proven with parameters of `[postfix]` that have changed.
struct UnprovenParameters: Error, CustomStringConvertible {
    /// The parameters that have changed since the relay was proven last.
    let changed: [OperatorParameter]
    /// The names of those that were taken out.
    let removed: [String]
    let cause: any Error

    var description: String {
        let lines = changed.map(\.inWords) + removed.map { "postfix.\($0) was removed" }
        let cure =
            lines.count == 1
            ? "take back this change" : "take back these changes, and make them one at a time to find the cause"
        return "\(cause)\n[postfix] has changed since the last proof of the relay; \(cure):\n"
            + lines.joined(separator: "\n")
    }
}
