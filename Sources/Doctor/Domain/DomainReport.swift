import Vocabulary

/// A domain as receivers see it: a table, the findings, and the DNS records to publish.
package struct DomainReport: Sendable {
    /// The findings of `DoctorReport`.
    package let report: DoctorReport
    let domain: DomainName
    let lines: [DomainLine]

    init(_ domain: DomainName, _ parts: [DomainPart]) {
        self.domain = domain
        lines = parts.flatMap(\.lines)
        let findings = parts.flatMap(\.findings).reduce(into: [Finding]()) { distinct, finding in
            if !distinct.contains(finding) { distinct.append(finding) }
        }
        report = DoctorReport(findings, examined: [])
    }

    /// The records that mend the findings, each once.
    package var records: [RecordToPublish] {
        report.findings.flatMap(\.records).reduce(into: []) { distinct, record in
            if !distinct.contains(record) { distinct.append(record) }
        }
    }

    /// 0 nothing has to be done; 2 warnings; 3 something critical.
    package var exitStatus: Int32 { report.exitStatus }

    private struct JSON: Encodable {
        let domain: String
        let table: [DomainLine]
        let findings: [DoctorReport.Entry]
        let records: [RecordToPublish]
    }

    package var json: String {
        let json = JSON(domain: "\(domain)", table: lines, findings: report.entries, records: records)
        return ((try? json.indentedJSON()) ?? "{}") + "\n"
    }

    package var text: String {
        ([table] + report.blocks + publications + [summary]).joined(separator: "\n") + "\n"
    }

    private var table: String {
        func padded(_ text: String, _ width: Int) -> String { text + String(repeating: " ", count: width - text.count) }
        let names = lines.map(\.part.count).max() ?? 0
        let verdicts = lines.map(\.verdict.rawValue.count).max() ?? 0
        let rows = lines.map { line in
            "  \(padded(line.part, names))  \(padded(line.verdict.rawValue, verdicts))  \(line.seen.escapedForDisplay)\n"
        }
        return "\(domain), as receivers see it\n" + rows.joined()
    }

    /// The records as lines of a zone file.
    private var publications: [String] {
        guard !records.isEmpty else { return [] }
        let lines = records.map { record in
            (record.replaced.map { "; in place of \($0)\n" } ?? "") + record.zoneLine + "\n"
        }
        return ["Publish in DNS:\n" + lines.joined()]
    }

    private var summary: String {
        let unknown = lines.filter { $0.verdict == .unknown }.map(\.part)
        let distinct = unknown.reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        let rest = distinct.isEmpty ? "" : " Not known from here: \(distinct.joined(separator: ", "))."
        return "\(report.found).\(rest)"
    }
}
