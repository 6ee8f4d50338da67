import Host
import RelayTestSupport
import Synchronization
import Testing

/// Each test is an output of a real package manager, with what the agent is to make of it.
struct YumTests {
    private let line = "/usr/bin/dnf -y --setopt=exit_on_lock=1 install postfix nginx"

    /// Installs with one answer of the package manager to every try.
    private func install(_ output: CommandOutput) async throws -> (PackageFailure?, tries: Int, waits: [String]) {
        try await withTemporaryRoot { files in
            let runner = ScriptedRunner([line: output])
            var patience = Yum.Patience()
            patience.pause = .milliseconds(1)
            patience.lock = .milliseconds(40)
            patience.mirror = .milliseconds(40)
            patience.nameResolution = .milliseconds(40)
            let yum = Yum(runner: runner, files: files, patience: patience)
            let waits = Mutex<[String]>([])
            do throws(PackageFailure) {
                try await yum.install(["postfix", "nginx"], timeout: .seconds(5)) { wait in
                    waits.withLock { $0.append(wait) }
                }
                return (nil, runner.lines.count, waits.withLock { $0 })
            } catch {
                return (error, runner.lines.count, waits.withLock { $0 })
            }
        }
    }

    @Test func successIsOneCommandThatUpgradesNothing() async throws {
        let (failure, tries, waits) = try await install(CommandOutput(status: 0, standardOutput: "Complete!"))
        #expect(failure == nil)
        #expect(tries == 1)
        #expect(waits.isEmpty)
    }

    @Test(arguments: [
        "Another app is currently holding the yum lock; waiting for it to exit...\n  The other application is: yum\n",
        "Existing lock /var/run/yum.pid: another copy is running as pid 2183.",
        "Error: Failed to obtain the transaction lock (logged in as: root).",
        "error: can't create transaction lock on /var/lib/rpm/.rpm.lock (Resource temporarily unavailable)",
        "Waiting for process with pid 2183 to finish.",
        "RPMDB already locked by 346\n  The application with PID 346 is: yum\n    Memory :  55 M RSS (182 MB VSZ)",
        "Failed to obtain rpm transaction lock. Another transaction is in progress.",
    ])
    func aHeldLockIsWaitedFor(output: String) async throws {
        let (failure, tries, waits) = try await install(CommandOutput(status: 1, standardError: output))
        guard case .locked = failure?.reason else {
            Issue.record("not taken for a lock: \(output)")
            return
        }
        #expect(tries > 1)
        #expect(waits.count == 1)
        #expect(waits.first?.contains("locked by") == true)
    }

    @Test(arguments: [
        "Curl error (6): Couldn't resolve host name for http://repo.internal/repodata/repomd.xml [Could not resolve host: repo.internal]",
        "http://mirror/repodata/repomd.xml: [Errno 14] curl#6 - \"Could not resolve host: mirror; Name or service not known\"",
    ])
    func dnsIsToldApart(output: String) async throws {
        let (failure, tries, _) = try await install(CommandOutput(status: 1, standardError: output))
        #expect(failure?.reason == .nameResolution)
        #expect(tries > 1)
    }

    @Test(arguments: [
        "Errors during downloading metadata for repository 'lab':\n  - Status code: 404 for http://repo/repomd.xml\nError: Failed to download metadata for repo 'lab': Cannot download repomd.xml",
        "Cannot find a valid baseurl for repo: base/7/x86_64",
        "Error: Error downloading packages:\n  Cannot download postfix.rpm: All mirrors were tried",
    ])
    func aFailingMirrorIsToldApart(output: String) async throws {
        let (failure, tries, _) = try await install(CommandOutput(status: 1, standardError: output))
        #expect(failure?.reason == .mirror)
        #expect(tries > 1)
    }

    @Test func aMissingPackageIsNotTriedAgain() async throws {
        let dnf = CommandOutput(
            status: 1,
            standardOutput: "No match for argument: nginx\nError: Unable to find a match: nginx"
        )
        #expect(try await install(dnf).0?.reason == .missing(["nginx"]))
        #expect(try await install(dnf).tries == 1)
    }

    @Test func withoutRepositoriesAllPackagesAreMissing() async throws {
        let dnf = CommandOutput(
            status: 1,
            standardError: "Error: There are no enabled repositories in \"/etc/yum.repos.d\"."
        )
        #expect(try await install(dnf).0?.reason == .missing(["postfix", "nginx"]))
    }

    @Test func yumsSuccessWithoutAPackageIsNone() async throws {
        // yum 3 leaves out what it doesn't know, and calls it success (amazon-eks-ami#1842).
        let yum = CommandOutput(status: 0, standardOutput: "No package nginx available.\nNothing to do")
        #expect(try await install(yum).0?.reason == .missing(["nginx"]))
    }

    @Test func aRepositoryThatWasLeftOutIsTheCauseOfAMissingPackage() async throws {
        let text =
            "Error: Failed to download metadata for repo 'lab'\nIgnoring repositories: lab\nNo match for argument: nginx"
        #expect(try await install(CommandOutput(status: 1, standardOutput: text)).0?.reason == .mirror)
    }

    @Test func otherTroubleIsToldInThePackageManagersWords() async throws {
        let (failure, tries, _) = try await install(
            CommandOutput(status: 1, standardError: "Error: disk quota exceeded")
        )
        #expect(failure?.reason == .other)
        #expect(tries == 1)
        #expect(failure?.description.contains("disk quota exceeded") == true)
    }

    @Test(arguments: ["exclude", "modular"])
    func aPackageThatIsFilteredOutIsMissing(filter: String) async throws {
        let text =
            "All matches were filtered out by \(filter) filtering for argument: nginx\nError: Unable to find a match: nginx"
        #expect(try await install(CommandOutput(status: 1, standardError: text)).0?.reason == .missing(["nginx"]))
    }

    @Test func centOS7sMirrorsAreGoneForGood() async throws {
        // yum 3.4.3 on CentOS 7, since July 2024.
        let text = """
            Could not retrieve mirrorlist http://mirrorlist.centos.org/?release=7&arch=x86_64&repo=os&infra=stock error was
            14: curl#6 - "Could not resolve host: mirrorlist.centos.org; Unknown error"
            Cannot find a valid baseurl for repo: base/7/x86_64
            """
        let (failure, tries, waits) = try await install(CommandOutput(status: 1, standardError: text))
        #expect(failure?.reason == .mirrorListGone)
        #expect(tries == 1)
        #expect(waits.isEmpty)
        #expect(failure?.description.contains("http://vault.centos.org") == true)
    }
}
