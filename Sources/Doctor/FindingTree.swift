/// Findings below those that they follow from, so that one cause is one alarm.
struct FindingTree {
    struct Entry {
        let finding: Finding
        /// The number of causes above it.
        let depth: Int
        /// The finding that it follows from.
        let cause: Finding?
    }

    /// The causes by their severity, the gravest first, each with the findings that follow from it. Within a severity,
    /// the order in which mail meets them stays.
    let entries: [Entry]

    /// The findings that follow from no other.
    var causes: [Finding] { entries.filter { $0.cause == nil }.map(\.finding) }

    init(_ findings: [Finding]) {
        let parents = findings.indices.map { Self.parent(of: $0, in: findings) }
        let sorted = findings.indices.sorted {
            let (left, right) = (findings[$0].severity, findings[$1].severity)
            return left == right ? $0 < $1 : left > right
        }
        var entries: [Entry] = []
        func add(_ index: Int, _ depth: Int) {
            entries.append(Entry(finding: findings[index], depth: depth, cause: parents[index].map { findings[$0] }))
            for child in sorted where parents[child] == index { add(child, depth + 1) }
        }
        for index in sorted where parents[index] == nil { add(index, 0) }
        self.entries = entries
    }

    /// The nearest cause that is there. The registry's causes have no circle, so each chain of them ends.
    private static func parent(of index: Int, in findings: [Finding]) -> Int? {
        findings.indices.compactMap { other in
            findings[index].follows(from: findings[other]).map { (nearness: $0, index: other) }
        }.min { ($0.nearness, $0.index) < ($1.nearness, $1.index) }?.index
    }
}
