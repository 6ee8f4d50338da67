import FoundationEssentials
import Vocabulary

/// What the doctor found, for people and for programs.
package struct DoctorReport: Sendable, Codable {
    /// The gravest first.
    package let findings: [Finding]
    /// What was looked at.
    package let examined: [String]
    /// The sender whose way was followed; `nil` where none was named.
    package let sender: String?

    package init(_ findings: [Finding], examined: [String], sender: String? = nil) {
        // The order in which mail meets them stays within a severity.
        self.findings = findings.enumerated().sorted {
            $0.element.severity == $1.element.severity
                ? $0.offset < $1.offset : $0.element.severity > $1.element.severity
        }.map(\.element)
        self.examined = examined
        self.sender = sender
    }

    /// 0 nothing, or nothing that has to be done; 2 warnings; 3 something critical.
    package var exitStatus: Int32 {
        switch findings.map(\.severity).max() {
        case nil, .info: 0
        case .warning: 2
        case .critical: 3
        }
    }

    package var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return ((try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "{}") + "\n"
    }

    package var text: String {
        let blocks = findings.map { finding in
            """
            \(finding.severity.rawValue.uppercased()) \(finding.name)
              seen  \(Self.indented(finding.seen))
              why   \(Self.indented(finding.why))
              fix   \(Self.indented(finding.fix))

            """
        }
        return (blocks + [summary]).joined(separator: "\n") + "\n"
    }

    private var summary: String {
        let parts = [Finding.Severity.critical, .warning, .info].compactMap { severity -> String? in
            let count = findings.count { $0.severity == severity }
            return count == 0 ? nil : "\(count) \(severity.rawValue)"
        }
        let found = parts.isEmpty ? "Nothing found" : "Found: \(parts.joined(separator: ", "))"
        guard let sender else { return "\(found); looked at: \(examined.joined(separator: ", "))." }
        let isStopped = findings.contains { $0.name.hasPrefix("sender-") && $0.severity == .critical }
        return
            "\(found). Mail from \(sender) \(isStopped ? "is stopped" : "is stopped nowhere that can be seen from here")."
    }

    private static func indented(_ text: String) -> String {
        text.split(separator: "\n").map(\.escapedForDisplay).joined(separator: "\n        ")
    }
}
