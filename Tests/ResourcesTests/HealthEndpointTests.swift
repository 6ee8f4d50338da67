import FoundationEssentials
import Glibc
import Host
import Reconcile
import RelayNode
import RelayTestSupport
import Resources
import SMTP
import Synchronization
import SystemPackage
import Testing
import Vocabulary

private struct FakeEndpoint: HealthChecking {
    func status() -> Int { 200 }
}

struct HealthEndpointTests {
    private let publisher = ServiceName("health")
    private let file: FilePath = "/run/smtp-relay-agent/www/health"

    private func endpoint(
        _ relay: any RelayProbing,
        _ postfix: PretendedPostfix,
        _ services: FakeServices,
        mayPublish: Bool = true,
        probes: ProbeObserver = .none
    ) -> HealthEndpoint {
        HealthEndpoint(
            verifier: verifier(relay, postfix, probes: probes),
            mayPublish: mayPublish,
            publisher: publisher,
            file: file,
            answer: FakeEndpoint(),
            services: ServiceBoard(manager: services, services: [publisher]),
            files: postfix.files
        )
    }

    private func verifier(
        _ relay: any RelayProbing,
        _ postfix: PretendedPostfix,
        probes: ProbeObserver = .none
    ) -> NodeVerifier {
        NodeVerifier(
            probe: relay,
            selfTest: postfix.node.selfTest,
            files: postfix.files,
            runner: Self.runner("", status: 1),
            observer: probes
        )
    }

    /// Runs what a proof runs.
    private static func runner(_ listing: String, status: Int32 = 0) -> ScriptedRunner {
        ScriptedRunner([
            "postconf -M": CommandOutput(status: status, standardOutput: listing),
            "postconf -dh daemon_directory": CommandOutput(status: 0, standardOutput: "/usr/libexec/postfix\n"),
            "postkick public qmgr I": CommandOutput(status: 0),
        ])
    }

    private let fair = FakeRelay { client in
        let isInside = client.bytes[0] == 127 || client.bytes.starts(with: [10, 0])
        return SMTPReply(code: isInside ? 250 : 554, lines: [isInside ? "ok" : "Relay access denied"])
    }

    /// Publishes, as a pass does on a fresh node.
    private func published(_ postfix: PretendedPostfix, _ services: FakeServices) async throws {
        try await apply(try await endpoint(fair, postfix, services).check())
        // The health unit writes this file.
        try postfix.files.createDirectory(file.removingLastComponent())
        try postfix.files.replace(file, with: [], attributes: FileAttributes())
    }

    private func apply(_ check: Check) async throws {
        guard case .drifted(let drift) = check else {
            Issue.record("nothing to do")
            return
        }
        try await drift.apply()
    }

    @Test func aProvenRelayIsPublishedOnce() async throws {
        try await withTemporaryRoot { files in
            let (services, postfix) = (FakeServices(), try PretendedPostfix(in: files))
            try await published(postfix, services)
            #expect(services.told == ["restart health"])
            guard case .inSync = try await endpoint(fair, postfix, services).check() else {
                Issue.record("a published node is in sync")
                return
            }
        }
    }

    @Test func eachLookIsReportedAndAProofThatHoldsWithItsTime() async throws {
        try await withTemporaryRoot { files in
            let (services, postfix) = (FakeServices(), try PretendedPostfix(in: files))
            let seen = Mutex<[ProbeReport]>([])
            let observer = ProbeObserver { report in seen.withLock { $0.append(report) } }
            try await published(postfix, services)
            _ = try await endpoint(fair, postfix, services, probes: observer).check()
            let proven = try #require(seen.withLock { $0.first })
            #expect(proven.probe == .relayPolicy && proven.failure == nil)
            #expect(proven.at == files.modificationTime(of: "/run/smtp-relay-agent/proof") && proven.at != nil)
            #expect(proven.subject == "RCPT TO as 2 hosts inside and 8 outside of the networks")
            #expect(seen.withLock { $0.map(\.probe) } == [.relayPolicy, .queueDisk, .smtp, .healthCheck])

            try postfix.load(2)
            let open = FakeRelay { _ in SMTPReply(code: 250, lines: ["ok"]) }
            let check = try await endpoint(open, postfix, services, probes: observer).check()
            await #expect(throws: RelayPolicyFailure.self) { try await apply(check) }
            let last = try #require(seen.withLock { $0.last })
            #expect(last.probe == .relayPolicy && last.at == nil)
            #expect(last.failure?.hasPrefix("open relay: ") == true)
        }
    }

    /// Ways in which a proof loses its subject.
    @Test(arguments: ["edit", "load", "table", "table elsewhere"])
    func whatPostfixMayRunWithSinceIsProvenAnew(change: String) async throws {
        try await withTemporaryRoot { files in
            let (services, postfix) = (FakeServices(), try PretendedPostfix(in: files))
            try postfix.put(
                main: postfix.node.postfix.mainCf(from: "smtpd_x = check_client_access hash:/opt/blocked\n")
            )
            try await published(postfix, services)
            #expect(try verifier(fair, postfix).isProven())
            switch change {
            case "table elsewhere":
                try files.createDirectory("/opt")
                try files.put([1], at: "/opt/blocked.db")
            case "edit": try postfix.put(main: postfix.node.postfix.mainCf(from: "") + "# more\n")
            case "load": try postfix.load(2)
            default:
                try files.createDirectory("/etc/postfix/maps")
                try files.put([1], at: "/etc/postfix/maps/access")
            }
            #expect(try !verifier(fair, postfix).isProven())
            try await apply(try await endpoint(fair, postfix, services).check())
            #expect(try verifier(fair, postfix).isProven())
        }
    }

    @Test(arguments: [250, 554])
    func anOpenOrAClosedRelayIsWithdrawn(code: Int) async throws {
        try await withTemporaryRoot { files in
            let (services, postfix) = (FakeServices(), try PretendedPostfix(in: files))
            try await published(postfix, services)
            try postfix.load(2)
            let relay = FakeRelay { _ in SMTPReply(code: code, lines: ["same for all"]) }
            let check = try await endpoint(relay, postfix, services).check()
            await #expect(throws: RelayPolicyFailure.self) { try await apply(check) }
            #expect(!files.exists(file))
            #expect(services.told.last == "stop health")
        }
    }

    @Test func whoeverIsRefusedByWhateverCodeIsNoStrangerLetIn() async throws {
        for code in [450, 454, 521, 550, 554] {
            try await withTemporaryRoot { files in
                let fair = FakeRelay {
                    self.fair.answer($0).isPositive ? self.fair.answer($0) : SMTPReply(code: code, lines: [])
                }
                try await verifier(fair, try PretendedPostfix(in: files)).prove()
            }
        }
    }

    @Test func aStrangerThatGetsToDATAIsLetIn() async throws {
        try await withTemporaryRoot { files in
            var open = fair
            open.dataForStrangers = SMTPReply(code: 354, lines: ["go on"])
            let verifier = verifier(open, try PretendedPostfix(in: files))
            await #expect { try await verifier.prove() } throws: {
                "\($0)".contains("but DATA at port 25 was answered '354")
            }
        }
    }

    @Test func aRelayThatDeliversItsOwnDomainForStrangersIsOpen() async throws {
        try await withTemporaryRoot { files in
            var open = fair
            open.servesDomainsToAll = true
            let verifier = verifier(open, try PretendedPostfix(in: files))
            await #expect { try await verifier.prove() } throws: { "\($0)".hasPrefix("open relay: ") }
        }
    }

    @Test func aDoorThatRefusesSendersIsNoProof() async throws {
        try await withTemporaryRoot { files in
            var closed = fair
            closed.refusedPort = 25
            let verifier = verifier(closed, try PretendedPostfix(in: files))
            await #expect { try await verifier.prove() } throws: {
                "\($0)".contains("the relay refuses its own senders")
            }
        }
    }

    @Test func aRefusalForNowIsCalledSo() async throws {
        try await withTemporaryRoot { files in
            let busy = FakeRelay { _ in SMTPReply(code: 451, lines: ["4.7.1 Service unavailable"]) }
            let verifier = verifier(busy, try PretendedPostfix(in: files))
            await #expect { try await verifier.prove() } throws: {
                "\($0)".contains("could not be proven") && "\($0)".contains("'451 4.7.1")
                    && !"\($0)".contains("open relay")
            }
        }
    }

    @Test(arguments: [
        "mynetworks = 0.0.0.0/0", "mynetworks = 127.0.0.0/8 10.0.0.0/16 203.0.113.7", "relay_domains = x.example",
        "smtpd_relay_restrictions = permit", "smtpd_data_restrictions =", "smtpd_authorized_xclient_hosts = 0.0.0.0/0",
    ])
    func aPolicyThatIsNotTheNodesIsNoProofWhoeverIsTried(line: String) async throws {
        try await withTemporaryRoot { files in
            let postfix = try PretendedPostfix(in: files)
            try postfix.put(main: postfix.node.postfix.mainCf(from: "") + line + "\n")
            let name = line.prefix { $0 != " " }
            await #expect { try await verifier(fair, postfix).prove() } throws: {
                "\($0)".hasPrefix("/etc/postfix/main.cf: \(name) is ")
            }
        }
    }

    @Test func aNetworkMoreInTheTableIsNoProof() async throws {
        try await withTemporaryRoot { files in
            let postfix = try PretendedPostfix(in: files) { $0.networkTable = .always }
            let table = try #require(postfix.node.postfix.networkTable)
            try files.put(Array(table.text.utf8), at: FilePath(table.name.path))
            try await verifier(fair, postfix).prove()
            try files.put(Array((table.text + "203.0.113.7 permit\n").utf8), at: FilePath(table.name.path))
            await #expect(throws: RelayPolicyFailure.self) { try await verifier(fair, postfix).prove() }
        }
    }

    @Test func aDoorThatCantBeProvenIsNoProofAndNamesTheCure() async throws {
        try await withTemporaryRoot { files in
            let postfix = try PretendedPostfix(in: files)
            try postfix.put(
                master: postfix.node.postfix.masterCf(from: "")
                    + "2525 inet n - n - - ../sbin/smtpd { -o mynetworks = 0/0 }\n"
            )
            await #expect { try await verifier(fair, postfix).prove() } throws: {
                "\($0)".contains("the '2525' service sets '-o mynetworks=0/0'")
                    && "\($0)".contains("remove that option")
            }
        }
    }

    /// Postfix's programs, and a folder with others of their names.
    private func installPrograms(_ postfix: PretendedPostfix) throws {
        for folder in ["/usr/libexec/postfix", "/opt/d"] {
            try postfix.files.createDirectory(FilePath(folder))
            for name in ["master", "smtpd"] { try postfix.files.put([], at: FilePath("\(folder)/\(name)")) }
        }
    }

    private func failure(main: String = "", master: String = "", lacking: String = "") async throws -> String? {
        try await withTemporaryRoot { files in
            let postfix = try PretendedPostfix(in: files)
            try installPrograms(postfix)
            try postfix.put(main: postfix.node.postfix.mainCf(from: "") + main + "\n")
            try postfix.put(master: postfix.node.postfix.masterCf(from: "") + master + "\n", lacking: lacking)
            do {
                try await verifier(fair, postfix).prove()
                return nil
            } catch let failure as RelayPolicyFailure {
                return "\(failure)"
            }
        }
    }

    @Test(arguments: [
        "daemon_directory = /opt/d", "daemon_directory = $nowhere", "config_directory = /opt/d",
        "import_environment = MAIL_CONFIG=/etc/postfix/second", "import_environment = TZ { MAIL_CONFIG = /x } LANG=C",
        "export_environment = LD_PRELOAD=/x.so", "import_environment = $mine",
    ])
    func otherProgramsAndSettingsAreNoProof(line: String) async throws {
        let failure = try #require(try await failure(main: line))
        let name = line.prefix { $0 != " " }
        #expect(failure.hasPrefix("/etc/postfix/main.cf: \(name) is ") && failure.contains("remove that line"))
    }

    @Test(arguments: [
        "daemon_directory = /usr/libexec/postfix", "config_directory = /etc/postfix",
        "import_environment = MAIL_CONFIG MAIL_DEBUG TZ LANG=C", "export_environment = TZ MAIL_CONFIG LANG",
    ])
    func postfixsOwnProgramsAndSettingsAreProven(line: String) async throws {
        #expect(try await failure(main: line) == nil)
    }

    @Test(arguments: ["../../../../opt/d/smtpd", "/opt/d/smtpd", "../nowhere/smtpd"])
    func aCommandThatLeadsElsewhereIsNoProof(command: String) async throws {
        let failure = try #require(try await failure(master: "2525 inet n - n - - \(command)"))
        #expect(failure.contains("'2525' service runs '\(command)'"))
    }

    @Test(arguments: ["./smtpd", "../postfix/smtpd", "../../libexec/postfix/smtpd"])
    func aCommandThatLeadsToPostfixsOwnIsProven(command: String) async throws {
        #expect(try await failure(master: "2525 inet n - n - - \(command)") == nil)
    }

    @Test(arguments: ["cleanup", "rewrite", "qmgr"])
    func aServiceThatDoorsNeedIsNamedWhereItIsMissing(name: String) async throws {
        let failure = try #require(try await failure(lacking: name))
        #expect(failure.hasPrefix("/etc/postfix/master.cf has no '\(name)' service"))
    }

    @Test func aFurtherServiceIsNamedOnlyWhereADoorServesNobody() async throws {
        #expect(try await failure(lacking: "anvil") == nil)
        try await withTemporaryRoot { files in
            let postfix = try PretendedPostfix(in: files)
            try postfix.put(master: postfix.node.postfix.masterCf(from: ""), lacking: "tlsmgr")
            let closed = FakeRelay { _ in SMTPReply(code: 554, lines: ["no"]) }
            await #expect { try await verifier(closed, postfix).prove() } throws: { "\($0)".contains("'tlsmgr'") }
        }
    }

    /// A folder of files is an instance while a master runs with its queue, or where postmulti(1) starts it.
    @Test(arguments: [
        ("", "", false), ("", "running", true), ("multi_instance_directories = /etc/postfix/second", "", false),
        ("multi_instance_directories = /etc/postfix/second", "multi_instance_enable = yes", true),
        ("", "multi_instance_enable = yes", false),
    ])
    func aFurtherInstanceThatRunsIsNoProof(main: String, state: String, isUsed: Bool) async throws {
        try await withTemporaryRoot { files in
            let postfix = try PretendedPostfix(in: files)
            try postfix.put(main: postfix.node.postfix.mainCf(from: "") + main + "\n")
            let before = try await proven(postfix)
            #expect(before)
            let pid: FilePath = "/var/spool/second/pid/master.pid"
            for folder in ["/etc/postfix/second", pid.removingLastComponent()] { try files.createDirectory(folder) }
            let own = "queue_directory = /var/spool/second\n" + (state == "running" ? "" : state + "\n")
            try files.put(Array(own.utf8), at: "/etc/postfix/second/main.cf")
            try files.put(Array("2525 inet n - n - - smtpd\n".utf8), at: "/etc/postfix/second/master.cf")
            if state == "running" { try files.put(Array("100\n".utf8), at: pid) }
            #expect(try await proven(postfix) == !isUsed)
        }
    }

    @Test(arguments: [("/etc/postfix", true), ("/etc/postfix/second", false)])
    func aMasterThatReadsOtherFilesIsNoProof(folder: String, isProven: Bool) async throws {
        try await withTemporaryRoot { files in
            let postfix = try PretendedPostfix(in: files)
            try files.put(Array("PATH=/bin\0MAIL_CONFIG=\(folder)\0LANG=C\0".utf8), at: "/proc/100/environ")
            #expect(try await proven(postfix) == isProven)
        }
    }

    private func proven(_ postfix: PretendedPostfix) async throws -> Bool {
        do {
            try await verifier(fair, postfix).prove()
            return try verifier(fair, postfix).isProven()
        } catch is RelayPolicyFailure {
            return false
        }
    }

    @Test func whatPostfixReadsInMasterCfCountsToo() async throws {
        try await withTemporaryRoot { files in
            let postfix = try PretendedPostfix(in: files)
            let listing = "smtp inet n - n - - smtpd\n2525 inet n - n - - smtpd -o mynetworks=0.0.0.0/0\n"
            let verifier = NodeVerifier(
                probe: fair,
                selfTest: postfix.node.selfTest,
                files: files,
                runner: Self.runner(listing)
            )
            await #expect { try await verifier.prove() } throws: { "\($0)".contains("'2525'") }
        }
    }

    /// Answers at port 25 alone, or believes nobody at any other.
    private struct Choosy: RelayProbing {
        let fair: FakeRelay
        let elsewhere: SMTPFailure.Reason

        func attempts(_ attempts: [RelayAttempt], at door: ProbedDoor) throws -> [RelayAnswers] {
            if door.server.port != 25 { throw SMTPFailure(server: door.server, reason: elsewhere) }
            return try fair.attempts(attempts, at: door)
        }
    }

    @Test func aFurtherDoorThatNobodyGetsInByIsNoHarm() async throws {
        let refused = SMTPFailure.Reason.refused(command: "XCLIENT", reply: SMTPReply(code: 550, lines: ["no"]))
        for (reason, passes) in [
            (SMTPFailure.Reason.notConnected("refused"), true), (.notEncrypted("no certificate"), true),
            (.silent(after: "EHLO"), true), (refused, false),
        ] {
            try await withTemporaryRoot { files in
                let postfix = try PretendedPostfix(in: files)
                try postfix.put(
                    master: "smtp inet n - n - - smtpd\n465 inet n - n - - smtpd -o smtpd_tls_wrappermode=yes\n"
                )
                let verifier = verifier(Choosy(fair: fair, elsewhere: reason), postfix)
                if passes {
                    try await verifier.prove()
                } else {
                    await #expect(throws: SMTPFailure.self) { try await verifier.prove() }
                }
            }
        }
    }

    /// postconf(1) prints an argument in braces without them.
    @Test func whatPostfixsOwnToolPrintsOtherwiseIsNoDoorMore() async throws {
        try await withTemporaryRoot { files in
            let postfix = try PretendedPostfix(in: files)
            try postfix.put(master: "smtp inet n - n - - smtpd\n  { -o smtpd_recipient_limit = 500 }\n")
            let listing = "smtp inet n - n - - smtpd -o smtpd_recipient_limit = 500\n"
            let verifier = NodeVerifier(
                probe: fair,
                selfTest: postfix.node.selfTest,
                files: files,
                runner: Self.runner(listing)
            )
            try await verifier.prove()
        }
    }

    @Test func aSilentPostfixIsWithdrawn() async throws {
        try await withTemporaryRoot { files in
            let (services, postfix) = (FakeServices(), try PretendedPostfix(in: files))
            try await published(postfix, services)
            var silent = fair
            silent.isUp = false
            let check = try await endpoint(silent, postfix, services).check()
            await #expect(throws: FakeRelay.Down.self) { try await apply(check) }
            #expect(!files.exists(file))
        }
    }

    /// Answers no look, for a while.
    private final class Slow: RelayProbing {
        private let left: Mutex<Int>
        let fair: FakeRelay

        init(_ looks: Int, _ fair: FakeRelay) {
            self.left = Mutex(looks)
            self.fair = fair
        }

        func attempts(_ attempts: [RelayAttempt], at door: ProbedDoor) throws -> [RelayAnswers] {
            let isSlow = left.withLock { left in
                left -= 1
                return left >= 0
            }
            if isSlow { throw SMTPFailure(server: door.server, reason: .silent(after: "the connection")) }
            return try fair.attempts(attempts, at: door)
        }
    }

    @Test func oneLookThatFailsIsNoneToGoBy() async throws {
        try await withTemporaryRoot { files in
            let (services, postfix) = (FakeServices(), try PretendedPostfix(in: files))
            try await published(postfix, services)
            guard case .inSync = try await endpoint(Slow(2, fair), postfix, services).check() else {
                Issue.record("two looks that failed took the node out")
                return
            }
        }
    }

    @Test func aSlowDoorIsNoDeadOneForSomeTime() async throws {
        try await withTemporaryRoot { files in
            let (services, postfix) = (FakeServices(), try PretendedPostfix(in: files))
            try await published(postfix, services)
            // Without a process that speaks to clients, it is dead.
            let dead = try await endpoint(Slow(99, fair), postfix, services).check()
            guard case .drifted = dead else {
                Issue.record("a dead door is not withdrawn")
                return
            }
            try postfix.add(speaker: 300)
            for _ in 1..<5 {
                await #expect(throws: BusyDoor.self) { try await endpoint(Slow(99, fair), postfix, services).check() }
                #expect(files.exists(file))
            }
            try await expectWithdrawal(because: BusyDoor.self, postfix, services)
        }
    }

    /// The next look at a door that is slow all the time takes the 200 away.
    private func expectWithdrawal<Failure: Error>(
        because failure: Failure.Type,
        _ postfix: PretendedPostfix,
        _ services: FakeServices
    ) async throws {
        let check = try await endpoint(Slow(99, fair), postfix, services).check()
        await #expect(throws: failure) { try await apply(check) }
        #expect(!postfix.files.exists(file))
    }

    @Test func aProcessThatWasStoppedSpeaksToNobody() async throws {
        try await withTemporaryRoot { files in
            let (services, postfix) = (FakeServices(), try PretendedPostfix(in: files))
            try await published(postfix, services)
            try postfix.add(speaker: 300, state: "T")
            try await expectWithdrawal(because: StoppedPrograms.self, postfix, services)
        }
    }

    @Test func oneProcessThatWasStoppedBesideOthersIsNoHarm() async throws {
        try await withTemporaryRoot { files in
            let postfix = try PretendedPostfix(in: files)
            try postfix.add(speaker: 300, state: "T")
            try postfix.add(speaker: 301)
            try await verifier(fair, postfix).checkService()
        }
    }

    /// Answers no sender after the greeting; strangers are served by the one it pretends to be.
    private struct Hung: RelayProbing {
        let fair: FakeRelay
        /// Whether a sender alone is served.
        let servesAlone: Bool

        func attempts(_ attempts: [RelayAttempt], at door: ProbedDoor) throws -> [RelayAnswers] {
            if servesAlone, attempts.count == 1 { return try fair.attempts(attempts, at: door) }
            throw SMTPFailure(server: door.server, reason: .timedOut(after: "RCPT TO:<nobody@example.net>"))
        }
    }

    @Test func aDoorThatGreetsAndHangsIsDeaf() async throws {
        try await withTemporaryRoot { files in
            let postfix = try PretendedPostfix(in: files)
            try postfix.add(speaker: 300)
            await #expect {
                try await verifier(Hung(fair: fair, servesAlone: false), postfix).checkService()
            } throws: { $0 is DeafDoor && "\($0)".contains("does not answer RCPT") && "\($0)".contains("cleanup") }
        }
    }

    @Test func aDoorThatHasOnlyStrangersWaitIsBusy() async throws {
        try await withTemporaryRoot { files in
            let postfix = try PretendedPostfix(in: files)
            try postfix.add(speaker: 300)
            await #expect(throws: BusyDoor.self) {
                try await verifier(Hung(fair: fair, servesAlone: true), postfix).checkService()
            }
        }
    }

    @Test func aPostfixThatWaitsForANameServerIsBusy() async throws {
        try await withTemporaryRoot { files in
            let postfix = try PretendedPostfix(in: files)
            try postfix.add(speaker: 300)
            try files.createDirectory("/var/spool/postfix/active")
            for folder in ["incoming", "public", "private"] {
                try files.createDirectory(FilePath("/var/spool/postfix").appending(folder))
            }
            for socket in ["public/cleanup", "private/rewrite", "private/proxymap"] {
                try files.put([], at: FilePath("/var/spool/postfix").appending(socket))
            }
            let owner = try files.attributes(at: "/var/spool/postfix/active").owner
            let line = "  1: 0A01000A:9C40 0200000A:0035 01 00000000:00000000 00:00000000 00000000 \(owner) 0 4711 2\n"
            try files.createDirectory("/proc/net")
            try files.put(Array(line.utf8), at: "/proc/net/udp")
            await #expect(throws: BusyDoor.self) {
                try await verifier(Hung(fair: fair, servesAlone: false), postfix).checkService()
            }
        }
    }

    @Test(arguments: ["incoming", "public", "private"])
    func aQueueThatPostfixCantUseIsNone(folder: String) async throws {
        try await withTemporaryRoot { files in
            let postfix = try PretendedPostfix(in: files)
            for folder in ["active", "incoming", "public", "private"] {
                try files.createDirectory(FilePath("/var/spool/postfix").appending(folder))
            }
            for socket in ["public/cleanup", "private/rewrite", "private/proxymap"] {
                try files.put([], at: FilePath("/var/spool/postfix").appending(socket))
            }
            try await verifier(fair, postfix).checkService()
            let path = FilePath("/var/spool/postfix").appending(folder)
            let mode = try files.attributes(at: path)
            try files.setFolder(path, FileAttributes(permissions: [], owner: mode.owner, group: mode.group))
            await #expect(throws: UnusableQueue.self) { try await verifier(fair, postfix).checkService() }
            try files.setFolder(path, mode)
            try files.remove("/var/spool/postfix/public/cleanup")
            try postfix.put(master: postfix.node.postfix.masterCf(from: "cleanup unix n - n - 0 cleanup\n"))
            await #expect { try await verifier(fair, postfix).checkService() } throws: { "\($0)".contains("cleanup") }
        }
    }

    /// A table of senders or greetings that knows the service's own.
    private struct Listed: RelayProbing {
        let fair: FakeRelay
        /// Whether whoever has a listed envelope may relay, stranger or not.
        var opensToAll = false

        func attempts(_ attempts: [RelayAttempt], at door: ProbedDoor) throws -> [RelayAnswers] {
            try attempts.map { attempt in
                guard attempt.envelope.sender == "postmaster@example.com", attempt.envelope.greeting != nil else {
                    return RelayAnswers(refusal: SMTPReply(code: 554, lines: ["Sender address rejected"]))
                }
                let answers = try fair.attempts([attempt], at: door)[0]
                guard opensToAll else { return answers }
                return RelayAnswers(recipients: attempt.recipients.map { _ in SMTPReply(code: 250, lines: ["ok"]) })
            }
        }
    }

    @Test func aTableOfSendersIsNoHarm() async throws {
        try await withTemporaryRoot { files in
            let postfix = try PretendedPostfix(in: files)
            try await verifier(Listed(fair: fair), postfix).prove()
            try await verifier(Listed(fair: fair), postfix).checkService()
            await #expect { try await verifier(Listed(fair: fair, opensToAll: true), postfix).prove() } throws: {
                "\($0)".hasPrefix("open relay: ")
            }
        }
    }

    @Test func aNodeThatMayNotComeInIsProvenAndNotPublished() async throws {
        try await withTemporaryRoot { files in
            let (services, postfix) = (FakeServices(), try PretendedPostfix(in: files))
            try await apply(try await endpoint(fair, postfix, services, mayPublish: false).check())
            #expect(services.told.isEmpty)
            // One that is in service stays there.
            try await published(postfix, services)
            guard case .inSync = try await endpoint(fair, postfix, services, mayPublish: false).check() else {
                Issue.record("a node in service is to stay")
                return
            }
        }
    }

    /// - Parameter age: In seconds.
    private func setAge(_ age: Int, of path: FilePath, in files: FileSystem) throws {
        let time = timespec(tv_sec: Int(Date().timeIntervalSince1970) - age, tv_nsec: 0)
        let status = utimensat(AT_FDCWD, files.location(of: path).string, [time, time], 0)
        #expect(status == 0)
    }

    private func healthGuard(_ files: FileSystem, _ progress: WorkProgress = WorkProgress()) -> HealthGuard {
        HealthGuard(file: file, probe: fair, files: files, runner: ScriptedRunner(), progress: progress)
    }

    @Test func theGuardTakesThe200FromWhatIsNotProven() async throws {
        try await withTemporaryRoot { files in
            let (services, postfix) = (FakeServices(), try PretendedPostfix(in: files))
            try await published(postfix, services)
            #expect(try healthGuard(files).withdrawUnlessProven() == nil)
            #expect(files.exists(file))
            try postfix.load(2)
            #expect(try healthGuard(files).withdrawUnlessProven() is NotProven)
            #expect(!files.exists(file))
            #expect(try healthGuard(files).withdrawUnlessProven() == nil)
        }
    }

    /// The proof of a change waits for the refusals of its strangers, up to three times.
    @Test(arguments: [
        ("smtpd_soft_error_limit = 1", "", 3),
        ("smtpd_soft_error_limit = 1\nsmtpd_error_sleep_time = 2s", "", 6),
        ("smtpd_soft_error_limit = 1\nsmtpd_error_sleep_time = 1h", "", 15),
        ("smtpd_soft_error_limit = 1\nsmtpd_error_sleep_time = 0", "", 0),
        ("smtpd_soft_error_limit = 2\nsmtpd_error_sleep_time = 20s", "", 0),
        ("smtpd_error_sleep_time = 3s", "smtpd_soft_error_limit=1", 9),
        ("smtpd_soft_error_limit = 1", "smtpd_error_sleep_time=4s", 12),
        ("", "smtpd_soft_error_limit=10", 0),
    ])
    func aDoorThatAnswersStrangersLateHasMoreTime(main: String, override: String, seconds: Int) async throws {
        try await withTemporaryRoot { files in
            let postfix = try PretendedPostfix(in: files)
            try postfix.put(main: postfix.node.postfix.mainCf(from: "") + main + "\n")
            try postfix.put(master: override.isEmpty ? "" : "2525 inet n - n - - smtpd -o \(override)\n")
            try setAge(60, of: "/etc/postfix/main.cf", in: files)
            let time: Duration = .milliseconds(300)
            #expect(healthGuard(files).timeLeft(after: time) == HealthGuard.grace + .seconds(seconds) - time)
        }
    }

    @Test func aHostThatIsOnlyBusyHasMoreTimeThanOneThatHangs() async throws {
        try await withTemporaryRoot { files in
            _ = try PretendedPostfix(in: files)
            try setAge(60, of: "/etc/postfix/main.cf", in: files)
            let progress = WorkProgress()
            let healthGuard = healthGuard(files, progress)
            let runner = ScriptedRunner(["postfix reload": CommandOutput(status: 0)])
            runner.expect("postfix stop", failure: .timedOut)
            #expect(healthGuard.timeLeft(after: .seconds(3)) <= .zero)
            await #expect(throws: CommandFailure.self) {
                try await progress.noting(runner).run(Command("postfix", ["stop"]))
            }
            #expect(healthGuard.timeLeft(after: .seconds(3)) <= .zero)
            _ = try await progress.noting(runner).run(Command("postfix", ["reload"]))
            let left = healthGuard.timeLeft(after: .seconds(3))
            #expect(left > .zero && left <= .seconds(1))
            #expect(healthGuard.timeLeft(after: .seconds(6)) <= .zero)
            let address = try IPAddress("10.0.1.10")
            let door = ProbedDoor(SMTPServer(address, port: 25), from: address)
            let attempt = RelayAttempt(as: .thisHost, to: ["postmaster"])
            let (together, apart) = (WorkProgress(), WorkProgress())
            _ = try await together.noting(fair).attempts([attempt], at: door)
            try await apart.noting(fair).separately([attempt], at: door) { _, _ in }
            for other in [together, apart] {
                #expect(self.healthGuard(files, other).timeLeft(after: .seconds(3)) > .zero)
            }
        }
    }

    @Test func aMainCfThatPostfixDoesNotReadYetHasMoreTimeForItsProof() async throws {
        try await withTemporaryRoot { files in
            let (services, postfix) = (FakeServices(), try PretendedPostfix(in: files))
            try await published(postfix, services)
            // It was written just now.
            let warm = healthGuard(files)
            #expect(warm.timeLeft(after: .zero) > .milliseconds(2500) && warm.timeLeft(after: .zero) < .seconds(4))
            #expect(warm.timeLeft(after: .seconds(3)) > .zero)
            #expect(warm.timeLeft(after: .seconds(6)) <= .zero)
            for age in [60, -3600] {
                try setAge(age, of: "/etc/postfix/main.cf", in: files)
                #expect(healthGuard(files).timeLeft(after: .zero) == HealthGuard.grace)
                #expect(healthGuard(files).timeLeft(after: .seconds(2)) <= .zero)
            }
        }
    }

    @Test func theGuardTakesThe200FromAPostfixThatWasStopped() async throws {
        try await withTemporaryRoot { files in
            let (services, postfix) = (FakeServices(), try PretendedPostfix(in: files))
            try await published(postfix, services)
            let fitness = try #require(healthGuard(files).fitness)
            var known = PostfixProcesses.KnownPrograms()
            #expect(try healthGuard(files).withdraw(unless: fitness, known: &known) == nil)
            try postfix.stopMaster()
            #expect(try healthGuard(files).withdraw(unless: fitness, known: &known) is StoppedMaster)
            #expect(!files.exists(file))
        }
    }

    @Test func processesThatWereLookedAtBeforeAreSeenToBeStopped() async throws {
        try await withTemporaryRoot { files in
            let postfix = try PretendedPostfix(in: files)
            var known = PostfixProcesses.KnownPrograms()
            func stopped() -> Set<String> {
                PostfixProcesses.stopped(queue: "/var/spool/postfix", files: files, known: &known).programs
            }
            for number in 300..<303 { try postfix.add(speaker: number) }
            #expect(stopped().isEmpty)
            // One that runs is enough, whichever it is.
            for number in 300..<303 {
                try postfix.set(speaker: number, state: "T")
                #expect(stopped() == (number < 302 ? [] : ["smtpd"]))
            }
            try postfix.add(speaker: 303)
            #expect(stopped().isEmpty)
            try files.remove("/proc/303/stat")
            #expect(stopped() == ["smtpd"])
            try postfix.set(speaker: 301, state: "S")
            #expect(stopped().isEmpty)
        }
    }
}
