/// Every finding that the doctor can have.
package enum FindingRegistry {
    /// Findings about one thing, under a heading.
    package struct Group: Sendable {
        package let title: String
        package let kinds: [FindingKind]
    }

    package static let groups: [Group] = [
        Group(title: "The node", kinds: FindingKind.ofNode),
        Group(title: "The smarthost and the mail log", kinds: FindingKind.ofMail),
        Group(title: "The load balancers", kinds: FindingKind.ofLoadBalancers),
        Group(title: "The network", kinds: FindingKind.ofNetwork),
        Group(title: "What receivers see", kinds: FindingKind.ofReputation),
        Group(title: "One domain, with --domain", kinds: FindingKind.ofDomain),
        Group(title: "One sender, with --from", kinds: FindingKind.ofOneSender),
        Group(title: "A host with the role sender", kinds: FindingKind.ofSenderHost),
        Group(title: "The doctor itself", kinds: FindingKind.ofExamining),
    ]

    package static let all: [FindingKind] = groups.flatMap(\.kinds)

    /// The registry as a table in Markdown.
    package static var rows: [[String]] { groups.flatMap { group in group.kinds.map { row($0, in: group) } } }

    package static let columns = ["finding", "about", "severity", "seen", "why", "cure", "follows from", "metric"]

    private static func row(_ kind: FindingKind, in group: Group) -> [String] {
        let cells = [
            "`\(kind.name)`", group.title.lowercasedFirst, kind.severities.map(\.rawValue).joined(separator: ", "),
            kind.seen, kind.why, kind.cure, kind.causes.map { "`\($0.name)`" }.joined(separator: ", "),
            kind.isMetric ? "yes" : "no",
        ]
        return cells.map { $0.replacing("|", with: "\\|") }
    }
}

extension String {
    fileprivate var lowercasedFirst: String { prefix(1).lowercased() + dropFirst() }
}
