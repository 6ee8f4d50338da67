import Host
import Reconcile
import RelayTestSupport
import SystemPackage
import Testing

@testable import RelayAgent

struct SecurityLabelsTests {
    private static let restorecon = """
        restorecon -R -i /etc/postfix/main.cf /etc/postfix/master.cf /etc/postfix/network_table \
        /etc/postfix/transport_table /etc/postfix/sasl_password_table /etc/postfix/tls_policy_table \
        /etc/postfix/header_checks_table /etc/nginx/nginx.conf /etc/smtp-relay-agent /var/lib/smtp-relay-agent \
        /usr/local/bin/smtp-relay-agent /etc/systemd/system/smtp-relay-agent.service
        """

    @Test func policyLabelsOnlyWhatWasWrittenAndOnlyWhereItIsOn() async throws {
        try await withTemporaryRoot { files in
            let runner = ScriptedRunner([Self.restorecon: CommandOutput(status: 0)])
            let labels = SecurityLabels(files: files, runner: runner)
            let (written, reloaded) = (Change(.file, "edit main.cf"), Change(.service, "reload postfix"))
            try await labels.restore(after: [reloaded, written])
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
