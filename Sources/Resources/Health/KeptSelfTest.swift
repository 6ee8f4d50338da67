package import Host
package import RelayNode
import SystemPackage

/// The self-test that the relay in service has passed. The health unit after a start of Postfix and the guard read it, since
/// they must not wait for settings and facts.
package struct KeptSelfTest: Sendable {
    private let file: StateFile<SelfTest>

    package init(files: FileSystem) {
        // In /run: after a boot, the instance may be another one.
        self.file = StateFile("/run/smtp-relay-agent/self-test.json", in: files)
    }

    /// `nil` where no relay was in service since the boot.
    package func read() -> SelfTest? { file.read() }

    package func write(_ test: SelfTest) throws { try file.write(test) }
}
