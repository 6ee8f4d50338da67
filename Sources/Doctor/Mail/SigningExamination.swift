import Host
import Vocabulary

/// Whether receivers can verify what the DKIM keys of the settings sign.
struct SigningExamination: Examination {
    let name = "DKIM keys"
    let readKeys: @Sendable () async -> [ExaminedSelector]
    let names: any DNSAnswering

    func findings() async -> [Finding] {
        var findings: [Finding] = []
        for selector in await readKeys() {
            guard let key = selector.key else { continue }
            let examination = DKIMExamination(domain: key.domain, selectors: [selector], names: names)
            findings += await examination.reading().part.findings.map(Self.withRecords)
        }
        return findings
    }

    /// The report of a node has no list of records, so the cure names them.
    private static func withRecords(_ finding: Finding) -> Finding {
        guard !finding.records.isEmpty else { return finding }
        return Finding(
            finding.kind,
            finding.severity,
            of: finding.subject,
            seen: finding.seen,
            why: finding.why,
            fix: finding.fix + ":\n" + finding.records.map(\.zoneLine).joined(separator: "\n"),
            records: finding.records
        )
    }
}
