import AgentLog
import Host
import Logging
import RelayTestSupport
import Resources
import SystemPackage
import Testing
import Units

@testable import RelayAgent

/// The parts of a machine that go into an image, and those that do not.
struct BakeTests {
    private func put(_ path: FilePath, _ text: String = "x", in files: FileSystem) throws {
        try files.createDirectory(path.removingLastComponent())
        try files.put(Array(text.utf8), at: path)
    }

    private func bake(
        _ files: FileSystem,
        _ services: ObedientServices = ObedientServices(),
        _ runner: ScriptedRunner = ScriptedRunner(),
        passwordFile: FilePath? = nil
    ) async throws -> BakeReport {
        for line in ["yum clean all", "journalctl --relinquish-var", "cloud-init clean --logs"] { runner.expect(line) }
        for program in ["/usr/sbin/postfix", "/usr/sbin/nginx", "/usr/lib64/sasl2/libplain.so"] {
            try put(FilePath(program), in: files)
        }
        // The running program, which is the tests' here, is in its place already.
        try put("/proc/self/exe", in: files)
        try put(Installation.program, in: files)
        try files.createDirectory("/etc/systemd/system")
        let log = StepLog(Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        let host = HostAccess.fake(files: files, runner: runner, services: services)
        return try await Bake(host: host, log: log, passwordFile: passwordFile).run()
    }

    @Test func whatIsTheMachinesAloneGoesAndWhatANodeNeedsStays() async throws {
        try await withTemporaryRoot { files in
            let gone: [FilePath] = [
                "/etc/smtp-relay-agent/environment", "/etc/ssh/ssh_host_ed25519_key", "/etc/ssh/ssh_host_rsa_key.pub",
                "/root/.ssh/authorized_keys", "/home/ec2-user/.ssh/authorized_keys", "/home/ec2-user/.bash_history",
                "/var/lib/cloud/instances/i-1/boot-finished", "/var/lib/dbus/machine-id",
                "/var/lib/systemd/random-seed",
                "/var/lib/postfix/prng_exch", "/var/lib/dhclient/dhclient--eth0.lease",
                "/var/lib/NetworkManager/internal-1-eth0.lease", "/var/spool/mail/root",
                "/var/log/journal/0123/system.journal", "/home/ec2-user/.ssh/known_hosts", "/root/.ssh/id_ed25519",
                "/root/.ssh/known_hosts.old", "/root/.aws/credentials", "/home/ec2-user/.aws/config",
                "/home/ec2-user/.netrc",
                "/root/.python_history", "/root/.viminfo", "/root/.lesshst", "/home/ec2-user/.mysql_history",
                "/home/ec2-user/.zsh_history", "/root/.local/share/fish/fish_history", "/root/.docker/config.json",
                "/root/.git-credentials", "/tmp/secret", "/tmp/folder/secret", "/var/tmp/.hidden",
                "/var/lib/amazon/ssm/i-0123456789abcdef0/document/state", "/var/lib/amazon/ssm/Vault/Store/Fingerprint",
                "/var/log/messages-20261101.gz", "/var/log/maillog.1", "/var/log/maillog-20261129",
                "/var/log/dnf.log.2.xz",
                "/etc/smtp-relay-agent/password",
            ]
            let emptied: [FilePath] = [
                "/etc/machine-id", "/var/log/maillog", "/var/log/nginx/access.log", "/var/log/cloud-init-output.log",
            ]
            let kept: [FilePath] = [
                "/etc/smtp-relay-agent/config.toml", "/etc/ssh/sshd_config", "/home/ec2-user/.ssh/config",
                "/etc/smtp-relay-agent/tls.pem", "/home/ec2-user/.bashrc", "/root/notes",
                "/var/lib/cloud/seed/nocloud/user-data", "/var/lib/NetworkManager/secret_key", "/etc/postfix/main.cf",
            ]
            for path in gone + emptied + kept { try put(path, in: files) }
            try put("/etc/hostname", "ip-10-0-1-10.eu-central-1.compute.internal\n", in: files)
            let services = ObedientServices([
                ServiceName("postfix"): ServiceState(isInstalled: true, isEnabled: true, isActive: false),
                ServiceName("nginx"): ServiceState(isInstalled: true, isEnabled: false, isActive: true),
            ])
            let report = "\(try await bake(files, services, passwordFile: "/etc/smtp-relay-agent/password"))"
            for path in gone + ["/etc/hostname"] { #expect(!files.exists(path), "\(path)") }
            for path in emptied { #expect(files.size(of: path) == 0, "\(path)") }
            for path in kept { #expect(files.size(of: path) == 1, "\(path)") }
            for unit in Units.all { #expect(files.exists(UnitFiles.path(of: unit))) }
            #expect(services.told == ["daemon-reload", "disable postfix", "disable nginx"])
            for path in emptied { #expect(report.contains("emptied    \(path) ")) }
            let settings = "/etc/smtp-relay-agent/config.toml, /etc/smtp-relay-agent/tls.pem"
            #expect(report.contains("settings   \(settings)\n"))
            #expect(report.contains("removed    /etc/smtp-relay-agent/password (the smarthost's password)\n"))
            #expect(report.contains("removed    /etc/ssh/ssh_host_ed25519_key (SSH host keys)\n"))
            // Once more finds nothing to do.
            #expect("\(try await bake(files, services))".contains("nothing: it was clean\n"))
            #expect(services.told.count == 3)
        }
    }

    @Test(arguments: [
        ("golden.example.com", true), ("ip-relay", true), ("i-love-mail", true),
        ("ip-10-0-1-10.corp.example.com", true),
        ("ip-10-0-1-300", true), ("i-0123456789abcdef0", false),
        ("i-0123456789abcdef0.eu-central-1.compute.internal", false),
        ("ip-10-0-1-10", false), ("ip-10-0-1-10.ec2.internal", false), ("i-01234567", false),
    ])
    func aNameThatSomebodyGaveStays(name: String, stays: Bool) async throws {
        try await withTemporaryRoot { files in
            try put("/etc/hostname", "\(name)\n", in: files)
            _ = try await bake(files)
            #expect(files.exists("/etc/hostname") == stays)
        }
    }

    @Test func aTemporaryFileInUseStaysAndIsNamed() async throws {
        try await withTemporaryRoot { files in
            for path: FilePath in ["/tmp/build/script.sh", "/tmp/agent", "/var/tmp/disk/x", "/tmp/buildings"] {
                try put(path, in: files)
            }
            try put("/proc/42/cmdline", "/bin/sh\0/tmp/build/script.sh\0", in: files)
            try files.replace("/proc/42/exe", withLinkTo: "/tmp/agent")
            try put("/proc/self/mounts", "/dev/nvme1n1 /var/tmp/disk ext4 rw 0 0\n", in: files)
            let report = "\(try await bake(files))"
            for path: FilePath in ["/tmp/build/script.sh", "/tmp/agent", "/var/tmp/disk/x"] {
                #expect(files.exists(path))
            }
            #expect(!files.exists("/tmp/buildings"))
            for line in ["/tmp/agent (process 42", "/tmp/build (process 42", "/var/tmp/disk (a mount"] {
                #expect(report.contains("  in use     \(line) uses it)"), "\(report)")
            }
        }
    }

    @Test func aNodeIsRefusedBeforeAnythingIsChanged() async throws {
        let agent = ServiceName(Units.agent.name)
        for path in [OtherInstance.record, DrainOrders.lasting, "/etc/postfix/main.cf.before-smtp-relay-agent", nil] {
            try await withTemporaryRoot { files in
                try put("/etc/ssh/ssh_host_rsa_key", in: files)
                if let path { try put(path, in: files) }
                let up = ServiceState(isInstalled: true, isEnabled: true, isActive: true)
                let services = ObedientServices(path == nil ? [agent: up] : [:])
                let refusal = NotForAnImage.node([path.map { "there is \($0)" } ?? "\(agent) runs"])
                await #expect(throws: refusal) { _ = try await bake(files, services) }
                #expect(services.told.isEmpty)
                #expect(files.exists("/etc/ssh/ssh_host_rsa_key"))
            }
        }
    }

    @Test func mailInTheQueueIsAnErrorWithItsCount() async throws {
        try await withTemporaryRoot { files in
            try put("/var/spool/postfix/deferred/A/A1B2C3", in: files)
            try put("/var/spool/postfix/hold/D4E5F6", in: files)
            await #expect(throws: NotForAnImage.mail(2)) { _ = try await bake(files) }
            let text = "\(NotForAnImage.mail(2))"
            #expect(text.contains("2 messages are in the queue") && text.contains("postsuper -d ALL"))
            #expect(!files.exists(UnitFiles.path(of: Units.agent)))
        }
    }

    /// A machine without cloud-init, or with a version that does not know the command, is cleared all the same.
    @Test func whatOtherProgramsCannotClearIsClearedAllTheSame() async throws {
        try await withTemporaryRoot { files in
            try put("/var/lib/cloud/data/instance-id", in: files)
            let runner = ScriptedRunner()
            runner.expect("cloud-init clean --logs", failure: .notFound)
            runner.expect("journalctl --relinquish-var", CommandOutput(status: 1))
            _ = try await bake(files, ObedientServices(), runner)
            #expect(!files.exists("/var/lib/cloud/data"))
        }
    }
}
