package import Host

/// A version of Postfix, as far as what it can do goes by it.
package struct PostfixVersion: Sendable, Comparable, CustomStringConvertible {
    private let numbers: [Int]
    package let description: String

    /// The first that reads version 2 of the PROXY protocol (its RELEASE_NOTES-3.5).
    static let readingProxyVersion2 = PostfixVersion("3.5")

    /// - Parameter text: Such as `3.5.18` or `3.11-20251101`.
    package init(_ text: String) {
        self.description = text
        self.numbers = text.split { $0 == "." || $0 == "-" }.prefix(2).map { Int($0) ?? 0 }
    }

    /// That of the Postfix that is installed; `nil` where there is none yet.
    package static func installed(_ runner: any CommandRunner) async -> PostfixVersion? {
        guard let output = try? await runner.run(Command("postconf", ["-h", "mail_version"])), output.status == 0,
            let word = output.standardOutput.split(whereSeparator: \.isWhitespace).first
        else { return nil }
        return PostfixVersion(String(word))
    }

    package static func < (left: PostfixVersion, right: PostfixVersion) -> Bool {
        left.numbers.lexicographicallyPrecedes(right.numbers)
    }

    package static func == (left: PostfixVersion, right: PostfixVersion) -> Bool { left.numbers == right.numbers }
}
