import Host
import RelayTestSupport
import Synchronization
import Testing

/// Each test is an output of a real package manager, with what the agent is to make of it.
struct YumTests {
    private let line = "/usr/bin/dnf -y --setopt=exit_on_lock=1 install postfix nginx"

    /// Installs with one answer of the package manager to every try.
    private func install(_ output: CommandOutput) async throws -> (PackageFailure?, tries: Int, waits: [String]) {
        let (failure, lines, waits) = try await install([line: output])
        return (failure, lines.count, waits)
    }

    private func install(
        _ answers: [String: CommandOutput]
    ) async throws -> (PackageFailure?, lines: [String], waits: [String]) {
        let runner = ScriptedRunner(answers)
        let (failure, waits) = try await install(by: runner)
        return (failure, runner.lines, waits)
    }

    private func install(by runner: ScriptedRunner) async throws -> (PackageFailure?, waits: [String]) {
        try await withTemporaryRoot { files in
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
                return (nil, waits.withLock { $0 })
            } catch {
                return (error, waits.withLock { $0 })
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

    private func filteredOut(_ filter: String) -> CommandOutput {
        let text =
            "All matches were filtered out by \(filter) filtering for argument: nginx\nError: Unable to find a match: nginx"
        return CommandOutput(status: 1, standardError: text)
    }

    @Test func aPackageOfADisabledModuleIsMissing() async throws {
        #expect(try await install(filteredOut("modular")).0?.reason == .missing(["nginx"]))
    }

    @Test func aPackageThatIsExcludedIsNotMissing() async throws {
        let failure = try #require(try await install(filteredOut("exclude")).0)
        #expect(failure.reason == .excluded(["nginx"], by: []))
        #expect(failure.description.contains("yum --disableexcludes=all install nginx"))
    }

    /// yum 3.4.3 on CentOS 7 since July 2024, as its users tell it: a list and yum's reason, and what it gives up with.
    private static func centOS7(_ list: String, _ reason: String, repository: String = "base/7/x86_64") -> String {
        """
        Could not retrieve mirrorlist \(list) error was
        \(reason)

         One of the configured repositories failed (Unknown),
         and yum doesn't have enough cached data to continue. At this point the only
         safe thing yum can do is fail.

        Cannot find a valid baseurl for repo: \(repository)
        """
    }

    private static let lookUp = "getent hosts vault.centos.org"
    private static let noName = #"14: curl#6 - "Could not resolve host: mirrorlist.centos.org; Unknown error""#

    @Test(arguments: [
        // github.com/wazuh/wazuh-qa/issues/5544
        centOS7("http://mirrorlist.centos.org/?release=7&arch=x86_64&repo=os&infra=vag", noName),
        // github.com/apache/arrow/issues/43122: a list of a special interest group
        centOS7(
            "http://mirrorlist.centos.org?arch=x86_64&release=7&repo=sclo-rh",
            noName,
            repository: "centos-sclo-rh/x86_64"
        ),
    ])
    func centOS7sMirrorsAreGoneForGood(text: String) async throws {
        let output = CommandOutput(status: 1, standardError: text)
        let (failure, lines, waits) = try await install([line: output, Self.lookUp: CommandOutput(status: 0)])
        #expect(failure?.reason == .mirrorListGone)
        #expect(lines == [line, Self.lookUp])
        #expect(waits.isEmpty)
        #expect(failure?.description.contains("http://vault.centos.org") == true)
    }

    /// github.com/xcp-ng/xcp/issues/658: it is the proxy that looks for the name, and this host may know none at all.
    @Test func theyAreGoneBehindAProxyToo() async throws {
        let list = "http://mirrorlist.centos.org/?release=7&arch=x86_64&repo=os&infra=$infra"
        let text = Self.centOS7(list, "14: HTTP Error 503 - Service Unavailable")
        let (failure, tries, _) = try await install(CommandOutput(status: 1, standardError: text))
        #expect(failure?.reason == .mirrorListGone)
        #expect(tries == 1)
    }

    /// github.com/hyperhq/hyperd/issues/22, of 2015, when there were mirrors: yum says just the same.
    @Test(arguments: [CommandOutput(status: 2), nil])
    func withoutDNSItIsNotForTheMirrors(found: CommandOutput?) async throws {
        let list = "http://mirrorlist.centos.org/?release=7&arch=x86_64&repo=os&infra=stock10"
        let output = CommandOutput(status: 1, standardError: Self.centOS7(list, Self.noName))
        let runner = ScriptedRunner([line: output])
        if let found { runner.expect(Self.lookUp, found) } else { runner.expect(Self.lookUp, failure: .timedOut) }
        let (failure, waits) = try await install(by: runner)
        #expect(failure?.reason == .nameResolution)
        #expect(waits == ["DNS: a package mirror's name can't be resolved"])
    }

    @Test(arguments: [
        // Another name does not resolve either.
        (
            centOS7("http://mirrorlist.centos.org/?release=7&arch=x86_64&repo=os&infra=stock", noName)
                + "\nhttps://repo.example.com/repodata/repomd.xml: [Errno 14] curl#6 - \"Could not resolve host: repo.example.com; Unknown error\"",
            PackageFailure.Reason.nameResolution
        ),
        // github.com/openshift/origin/pull/9230, of 2016
        (
            centOS7(
                "http://mirrorlist.centos.org/?release=7&arch=x86_64&repo=updates&infra=stock",
                "12: Timeout on http://mirrorlist.centos.org/?release=7&arch=x86_64&repo=updates&infra=stock: "
                    + "(28, 'Operation too slow. Less than 1000 bytes/sec transferred the last 30 seconds')",
                repository: "updates/7/x86_64"
            ), .mirror
        ),
        // No route, or no proxy.
        (
            centOS7(
                "http://mirrorlist.centos.org/?release=7&arch=x86_64&repo=os&infra=stock",
                #"14: curl#7 - "Failed connect to proxy.example.com:3128; Connection refused""#
            ), .mirror
        ),
        // Another repository's list fails; that of CentOS is only named.
        (
            " * base: mirrorlist.centos.org\n"
                + centOS7(
                    "http://rpms.remirepo.net/enterprise/7/php56/mirror",
                    "14: HTTP Error 503 - Service Unavailable",
                    repository: "remi-php56"
                ), .mirror
        ),
        // yum has an address of the repository as well, and goes on (yum 3.4.3, yumRepo.py).
        (
            "Could not retrieve mirrorlist http://mirrorlist.centos.org/?release=7&arch=x86_64&repo=os&infra=stock error was\n"
                + "\(noName)\nNo package nginx available.\nError: Nothing to do",
            .missing(["nginx"])
        ),
        ("http://mirrorlist.centos.org/ is what /etc/yum.repos.d names\nError: disk quota exceeded", .other),
    ])
    func notAllThatNamesTheirListIsForIt(text: String, reason: PackageFailure.Reason) async throws {
        #expect(try await install(CommandOutput(status: 1, standardError: text)).0?.reason == reason)
    }

    /// yum 3.4.3's words, as in github.com/addcn/docker-lnmp/issues/1.
    @Test func epelsSilentListHasACureOfItsOwn() async throws {
        let text = "Cannot retrieve metalink for repository: epel/x86_64. Please verify its path and try again"
        let (failure, tries, _) = try await install(CommandOutput(status: 1, standardError: text))
        #expect(failure?.reason == .epelListSilent)
        #expect(tries > 1)
        let archive = "archives.fedoraproject.org/pub/archive/epel/7"
        #expect(failure?.description.contains("\(archive)|' /etc/yum.repos.d/epel.repo") == true)
    }
}
