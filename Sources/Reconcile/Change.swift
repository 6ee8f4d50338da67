/// One thing that is not as it should be, in words and, for a file, as a diff.
package struct Change: Sendable, Equatable {
    /// The kind of thing that would change: `plan` groups by it.
    package enum Kind: String, Sendable, Equatable, Codable {
        case package
        case file
        case service
        case registration
    }

    package let kind: Kind
    /// The act, in the imperative and on one line: "install postfix", "reload nginx".
    package let summary: String
    /// The unified diff of a file's change.
    package let diff: String?

    package init(_ kind: Kind, _ summary: String, diff: String? = nil) {
        self.kind = kind
        self.summary = summary
        self.diff = diff
    }
}
