import Vocabulary

/// The doctor's findings, for people and for programs.
package struct DoctorReport: Sendable {
    /// The causes, the gravest first, each with the findings that follow from it.
    package var findings: [Finding] { tree.entries.map(\.finding) }
    /// The names of the examinations.
    package let examined: [String]
    /// The sender whose way was followed; `nil` where none was named.
    package let sender: String?

    private let tree: FindingTree

    /// The findings that follow from no other.
    package var causes: [Finding] { tree.causes }

    package init(_ findings: [Finding], examined: [String], sender: String? = nil) {
        self.tree = FindingTree(findings)
        self.examined = examined
        self.sender = sender
    }

    /// 0 nothing, or nothing that has to be done; 2 warnings; 3 something critical. What follows from another finding
    /// does not count: it goes with its cause.
    package var exitStatus: Int32 {
        switch tree.causes.map(\.severity).max() {
        case nil, .info: 0
        case .warning: 2
        case .critical: 3
        }
    }

    /// A finding for programs.
    struct Entry: Encodable {
        let name: String
        let severity: Finding.Severity
        let subject: String?
        let seen: String
        let why: String
        let fix: String
        let followsFrom: String?
        /// The DNS records that mend it; `nil` where there are none.
        let records: [RecordToPublish]?

        init(_ entry: FindingTree.Entry) {
            let finding = entry.finding
            (self.name, self.severity, self.subject) = (finding.name, finding.severity, finding.subject)
            (self.seen, self.why, self.fix) = (finding.seen, finding.why, finding.fix)
            self.followsFrom = entry.cause?.name
            self.records = finding.records.isEmpty ? nil : finding.records
        }

        enum CodingKeys: String, CodingKey {
            case name, severity, subject, seen, why, fix, records
            case followsFrom = "follows_from"
        }
    }

    /// The findings for programs, in the order of the report.
    var entries: [Entry] { tree.entries.map(Entry.init) }

    private struct JSON: Encodable {
        let findings: [Entry]
        let examined: [String]
        let sender: String?
    }

    package var json: String {
        let report = JSON(findings: entries, examined: examined, sender: sender)
        return ((try? report.indentedJSON()) ?? "{}") + "\n"
    }

    package var text: String {
        (blocks + [summary]).joined(separator: "\n") + "\n"
    }

    /// A paragraph for each finding.
    var blocks: [String] { tree.entries.map(Self.block) }

    /// The cure of a cause also cures the findings that follow from it, so they show none.
    private static func block(_ entry: FindingTree.Entry) -> String {
        let finding = entry.finding
        let indent = String(repeating: "  ", count: entry.depth)
        func line(_ label: String, _ text: String) -> String {
            let parts = text.split(separator: "\n").map(\.escapedForDisplay)
            return "\(indent)  \(label) \(parts.joined(separator: "\n\(indent)        "))\n"
        }
        guard entry.cause == nil else {
            return "\(indent)follows from it: \(finding.name)\n" + line("seen ", finding.seen)
        }
        return "\(finding.severity.rawValue.uppercased()) \(finding.name)\n" + line("seen ", finding.seen)
            + line("why  ", finding.why) + line("fix  ", finding.fix)
    }

    /// `Found: 1 critical, 2 warning`, or `Nothing found`.
    var found: String {
        let causes = tree.causes
        let parts = [Finding.Severity.critical, .warning, .info].compactMap { severity -> String? in
            let count = causes.count { $0.severity == severity }
            return count == 0 ? nil : "\(count) \(severity.rawValue)"
        }
        let following = tree.entries.count - causes.count
        let rest = following == 0 ? "" : "; \(following) more \(following == 1 ? "follows" : "follow")"
        return parts.isEmpty ? "Nothing found" : "Found: \(parts.joined(separator: ", "))\(rest)"
    }

    private var summary: String {
        guard let sender else { return "\(found); looked at: \(examined.joined(separator: ", "))." }
        let isStopped = findings.contains { $0.name.hasPrefix("sender-") && $0.severity == .critical }
        return
            "\(found). Mail from \(sender) \(isStopped ? "is stopped" : "is stopped nowhere that can be seen from here")."
    }
}
