import AWS

extension [Ingress.Opening] {
    /// More are not told: those that count are the widest, which come first.
    private static var shown: Int { 4 }

    private var others: String { count > Self.shown ? " and \(count - Self.shown) more" : "" }

    /// `security group sg-1 lets`, or `security groups sg-1 and sg-2 let`.
    package var summary: String {
        var groups: [String] = []
        for opening in self where !groups.contains(opening.group) { groups.append(opening.group) }
        return groups.count == 1
            ? "security group \(groups[0]) lets" : "security groups \(groups.joined(separator: " and ")) let"
    }

    /// `0.0.0.0/1, 128.0.0.0/1`.
    package var sources: String { prefix(Self.shown).map { "\($0.source)" }.joined(separator: ", ") + others }

    /// The commands that close them.
    var revocations: String {
        prefix(Self.shown).map { "'\($0.revocation)'" }.joined(separator: ", ") + others
    }
}
