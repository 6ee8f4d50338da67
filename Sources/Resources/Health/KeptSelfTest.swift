import FoundationEssentials
package import Host
package import RelayNode
import SystemPackage

/// The self-test that the relay in service has passed. The health unit after a start of Postfix and the guard read it, since
/// they must not wait for settings and facts.
package struct KeptSelfTest: Sendable {
    private let files: FileSystem

    /// In /run: after a boot, the instance may be another one.
    private static let record: FilePath = "/run/smtp-relay-agent/self-test.json"

    package init(files: FileSystem) {
        self.files = files
    }

    /// `nil` where no relay was in service since the boot.
    package func read() -> SelfTest? {
        guard let bytes = try? files.bytes(at: Self.record) else { return nil }
        return try? JSONDecoder().decode(SelfTest.self, from: Data(bytes))
    }

    package func write(_ test: SelfTest) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let bytes = Array(try encoder.encode(test))
        guard try files.file(at: Self.record)?.bytes != bytes else { return }
        try files.createDirectory(Self.record.removingLastComponent())
        try files.replace(Self.record, with: bytes, attributes: FileAttributes())
    }
}
