import Host
import Reconcile
import RelayTestSupport
import SystemPackage
import Testing

@testable import RelayAgent

struct SecurityLabelsTests {
    private static let restorecon = """
        restorecon -F -i /etc/postfix/main.cf /var/lib/smtp-relay-agent /var/lib/smtp-relay-agent/state \
        /etc/systemd/system/smtp-relay-agent.service /run/smtp-relay-agent
        """

    @Test func policyLabelsOnlyWhatWasWrittenAndOnlyWhereItIsOn() async throws {
        try await withTemporaryRoot { files in
            let runner = ScriptedRunner([Self.restorecon: CommandOutput(status: 0)])
            let labels = SecurityLabels(files: files, runner: runner)
            let (written, reloaded) = (Change(.file, "edit main.cf"), Change(.service, "reload postfix"))
            try await labels.restore(after: [reloaded, written])
            for folder: FilePath in ["/etc/postfix", "/var/lib/smtp-relay-agent", "/run/smtp-relay-agent"] {
                try files.createDirectory(folder)
            }
            try files.put([], at: "/etc/postfix/main.cf")
            try files.put([], at: "/var/lib/smtp-relay-agent/state")
            try files.createDirectory("/etc/systemd/system")
            try files.put([], at: "/etc/systemd/system/smtp-relay-agent.service")
            try files.createDirectory("/sys/fs/selinux")
            try files.put([], at: "/sys/fs/selinux/enforce")
            try await labels.restore(after: [reloaded])
            try await labels.restore(after: [])
            #expect(runner.lines.isEmpty)
            try await labels.restore(after: [reloaded, written])
            #expect(runner.lines == [Self.restorecon])
        }
    }
}
