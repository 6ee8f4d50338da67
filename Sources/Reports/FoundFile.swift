package import Host
import Resources
package import SystemPackage

/// A finding of the doctor, for the metrics.
package struct Found: Sendable, Hashable, Codable {
    package let name: String
    package let severity: String

    package init(name: String, severity: String) {
        self.name = name
        self.severity = severity
    }
}

extension PrometheusText {
    /// Adds the doctor's findings.
    package mutating func add(_ findings: [Found]) {
        add(.finding, findings.map { .init(1, labels: [$0.name, $0.severity]) })
    }
}

/// The findings of the resident agent's last look, as a file of this boot.
package struct FoundFile: Sendable {
    private let file: StateFile<[Found]>

    package static let path: FilePath = "/run/smtp-relay-agent/findings.json"

    package init(files: FileSystem) { self.file = StateFile(Self.path, in: files) }

    /// None where nobody has looked.
    package func read() -> [Found] { file.read() ?? [] }

    /// - Throws: `FileFailure`.
    package func write(_ found: [Found]) throws { try file.write(found) }
}
