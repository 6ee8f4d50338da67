import AWS
import FoundationEssentials
import Glibc
import HTTP
import Host
import Reconcile
import RelayTestSupport
import Resources
import SystemPackage
import Testing
import Vocabulary

@testable import Doctor

struct NodeExaminationTests {
    private let postfix = ServiceName("postfix")

    @Test func servicesThatRunAndComeUpAreNoFinding() {
        let up = ServiceState(isInstalled: true, isEnabled: true, isActive: true)
        #expect(ServicesExamination.judge([postfix: up], [postfix], why: "no mail", SystemdCommands()).isEmpty)
        let found = ServicesExamination.judge([:], [postfix], why: "no mail", SystemdCommands())
        #expect(found.map(\.name) == ["service-down"])
        #expect(found[0].fix == "smtp-relay-agent reconcile")
    }

    @Test func aPortThatOnlyThisHostReachesIsToldApart() {
        func names(_ listening: [UInt16: Bool]) -> [String] {
            ListenersExamination.judge(listening, [], [.postfix(25)], SystemdCommands()).map(\.name)
        }
        #expect(names([25: true]).isEmpty)
        #expect(names([25: false]) == ["listener-on-loopback"])
        #expect(names([587: true]) == ["no-listener"])
    }

    /// The findings about the holder of port 25, which is a process of this program.
    private func findings(_ program: String, state: String = "0A", isOpen: Bool = true) async throws -> [Finding] {
        try await withTemporaryRoot { files in
            let socket = "0: 00000000:0019 00000000:0000 \(state) 0:0 00:0 0     0        0 4711 1"
            try files.createDirectory("/proc/net")
            try files.put(Array("\(socket)\n".utf8), at: "/proc/net/tcp")
            try files.createDirectory("/proc/100/fd")
            try files.put(Array("\(program)\n".utf8), at: "/proc/100/comm")
            try files.put(Array("/usr/sbin/\(program)\0-bd".utf8), at: "/proc/100/cmdline")
            #expect(symlink("socket:[4711]", files.location(of: "/proc/100/fd/3").string) == 0)
            let holders = PortHolders(files: files).holders(of: [25])
            return ListenersExamination.judge([25: isOpen], holders, [.postfix(25)], SystemdCommands())
        }
    }

    @Test func aPortIsItsServersOrItsChildrens() async throws {
        #expect(try await findings("master").isEmpty)
        #expect(try await findings("smtpd").isEmpty)
        for isOpen in [true, false] {
            let other = try await findings("exim4", isOpen: isOpen)
            #expect(other.map(\.name) == ["port-held-by-other"])
            #expect(other[0].seen == "port 25, which is postfix's, is held by process 100 (/usr/sbin/exim4 -bd)")
            #expect(other[0].fix.hasPrefix("systemctl status 100; "))
        }
        // A connection is no listener.
        #expect(try await findings("curl", state: "01").isEmpty)
    }

    @Test func anAgentThatIsOnItsWayIsNotDown() {
        let starting = ServiceState(isInstalled: true, isEnabled: true, isActive: false, isStarting: true)
        let agent = ServiceName("smtp-relay-agent.service")
        #expect(ServicesExamination.judge([agent: starting], [agent], why: "no mail", SystemdCommands()).isEmpty)
        // A service that mail needs is down until it is up.
        #expect(
            ServicesExamination.judge([postfix: starting], [postfix], why: "no mail", SystemdCommands()).map(\.name)
                == ["service-down"]
        )
        let down = ServiceState(isInstalled: true, isEnabled: true, isActive: false)
        #expect(
            ServicesExamination.judge([agent: down], [agent], why: "no mail", SystemdCommands()).map(\.name) == [
                "agent-down"
            ]
        )
    }

    @Test(arguments: [(1 << 30, nil), (512 << 20, nil), (511 << 20, .warning), (63 << 20, Finding.Severity.critical)])
    func roomIsCounted(free: UInt64, severity: Finding.Severity?) {
        #expect(DiskExamination.judge(free, at: "/var/spool/postfix").first?.severity == severity)
    }

    @Test(arguments: [(0.0, nil), (-29.0, nil), (31.0, .warning), (-301.0, Finding.Severity.critical)])
    func theClockIsJudged(ahead: Double, severity: Finding.Severity?) {
        #expect(ClockExamination.judge(ahead).first?.severity == severity)
    }

    @Test func theClockIsThatOfAnyAnswer() async throws {
        let date = HTTPHeader("Date", "Sun, 30 Aug 2015 12:46:00 GMT")
        let transport = ScriptedTransport([.text(403, headers: [date]), .text(200)])
        let time = ManualTime(epoch: 1_440_938_160)
        let clock = ClockExamination(url: "https://api.example/", transport: transport, time: time.source)
        #expect(try await clock.findings().map(\.seen) == ["this host's clock is 600 s behind AWS's"])
        // Without a date there is nothing to compare.
        #expect(try await clock.findings().isEmpty)
    }

    @Test func theOldestDeferralIsToldWithItsReason() {
        let json = """
            {"queue_name": "active", "arrival_time": 1, "recipients": [{"address": "a"}]}
            {"queue_name": "deferred", "arrival_time": 900, "recipients": [{"address": "a", "delay_reason": "new"}]}
            {"queue_name": "deferred", "arrival_time": 600, "recipients": [{"address": "a", "delay_reason": "old\\u001b"}]}
            nonsense
            """
        let messages = DeferredMessage.read(json: json)
        var counts = PostfixQueue.Counts()
        counts.deferred = 2
        let found = QueueExamination.judge(counts, messages, delivered: 0, now: 1000)
        #expect(found.map(\.seen) == [#"2 messages wait, the oldest for 400 s: old\u{1B}"#])
        #expect(found.map(\.severity) == [.info])
        #expect(QueueExamination.judge(PostfixQueue.Counts(), [], delivered: 0, now: 1000).isEmpty)
    }

    /// A relay with real receivers always has some that wait.
    @Test(arguments: [
        (5, 0, 3601, Finding.Severity.warning), (5, 50, 3601, .warning), (5, 51, 3601, .info), (4, 0, 3601, .info),
        (5, 0, 3600, .info),
    ])
    func mailThatWaitsCountsByNumberShareAndAge(count: Int, delivered: Int, age: Int, severity: Finding.Severity) {
        var counts = PostfixQueue.Counts()
        (counts.deferred, counts.oldestDeferred) = (count, 10_000 - age)
        let messages = [DeferredMessage](repeating: DeferredMessage(arrival: 10_000 - age, reason: "r"), count: count)
        for list in [messages, []] {
            let found = QueueExamination.judge(counts, list, delivered: delivered, now: 10_000)
            #expect(found.map(\.severity) == [severity])
        }
    }

    @Test func anOlderPostfixTellsReasonsInText() {
        let text = """
            -Queue ID-  --Size-- ----Arrival Time---- -Sender/Recipient-------
            3C1B21C0A5F      353 Tue Nov 24 11:31:19  me@example.com
            (connect to mx.example.net[192.0.2.1]:25: Connection refused)
                                                     a@example.net

            -- 0 Kbytes in 1 Request.
            """
        var counts = PostfixQueue.Counts()
        (counts.deferred, counts.oldestDeferred, counts.hold) = (1, 500, 2)
        let found = QueueExamination.judge(counts, DeferredMessage.read(text: text), delivered: 0, now: 1000)
        #expect(found.map(\.name) == ["mail-deferred", "mail-on-hold"])
        #expect(
            found[0].seen
                == "1 message waits, the oldest for 500 s: connect to mx.example.net[192.0.2.1]:25: Connection refused"
        )
    }

    @Test func oneDeadServerIsLessThanAll() throws {
        let (first, second) = (try IPAddress("10.0.0.9"), try IPAddress("10.0.0.10"))
        #expect(ResolutionExamination.judge([], of: [first]).isEmpty)
        #expect(ResolutionExamination.judge([(first, .timedOut)], of: [first])[0].severity == .critical)
        let before = ResolutionExamination.judge([(first, .timedOut)], of: [first, second])[0]
        let after = ResolutionExamination.judge([(second, .timedOut)], of: [first, second])[0]
        #expect((before.severity, after.severity) == (.warning, .warning))
        // Nothing waits for a server that is asked after one that answers.
        #expect(before.why.contains("waits for it before it asks the next"))
        #expect(after.why.contains("when the servers before it don't answer"))
    }

    @Test func passesThatFailAreTold() {
        func found(_ failure: String?) -> [Finding] {
            let last = PassResult(trigger: "timer", startedAt: 90, failure: failure, lastSuccessAt: 40)
            return PassesExamination.judge(last, now: 100)
        }
        #expect(found(nil).isEmpty)
        let found = found("postfix: no")
        #expect(found.map(\.name) == ["passes-fail"])
        #expect(
            found[0].seen
                == "the last pass (timer), 10 s ago, failed: postfix: no; the last that succeeded was 60 s ago"
        )
    }

    @Test func aPasswordThatCannotBeReadIsTold() async {
        func denied(_ message: String) -> Finding {
            let error = AWSError(status: 400, code: "AccessDeniedException", message: message)
            return PasswordExamination.judge(AWSFailure(action: "ssm:GetParameter", reason: .answered(error)))
        }
        #expect(await PasswordExamination(read: nil).findings().isEmpty)
        #expect(await PasswordExamination(read: {}).findings().isEmpty)
        let found = await PasswordExamination { throw AWSFailure(action: "a:B", reason: .unreadable("x")) }.findings()
        #expect(found.map(\.name) == ["password-unreadable"])
        let role = "in the policy of the instance's role"
        let both = "allow ssm:GetParameter \(role), and kms:Decrypt if the parameter has a key of its own"
        #expect(denied("no").fix == both)
        // A SecureString takes the key as well.
        let key = """
            allow kms:Decrypt on the key that the parameter is encrypted with \(role) and, unless it leaves that to IAM, in \
            the key's own policy
            """
        let ciphertext = "The ciphertext refers to a key that does not exist, or you are not allowed to access it."
        #expect(denied(ciphertext).fix == key)
        let named = "User: arn:aws:sts::1:x is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:..."
        #expect(denied(named).fix == key)
    }

    @Test func anOrderToLeaveIsTold() {
        #expect(
            ConfigurationExamination.drained(OrderToLeave(reason: "by hand", isByHand: true)).fix
                == "smtp-relay-agent undrain"
        )
        #expect(ConfigurationExamination.judge(Plan()).isEmpty)
    }
}

/// An examination that does as the test says.
private struct Look: Examination {
    let name = "look"
    var limit: Duration = .seconds(10)
    var work: @Sendable () async throws -> [Finding]

    func findings() async throws -> [Finding] { try await work() }
}

struct DoctorReportTests {
    private struct Broken: Error, CustomStringConvertible { let description = "it broke" }

    @Test func aMissingPermissionNamesTheAction() async {
        let denied = AWSFailure(
            action: "ec2:DescribeRouteTables",
            reason: .answered(AWSError(status: 403, code: "UnauthorizedOperation", message: "no"))
        )
        let found = await Look { throw denied }.outcome()
        #expect(found.map(\.name) == ["missing-permission"])
        #expect(found[0].fix == "allow ec2:DescribeRouteTables in the policy of the instance's role")
    }

    @Test func aLookThatFailsOrHangsIsAFinding() async {
        let failed = await Look { throw Broken() }.outcome()
        #expect(failed.map(\.name) == ["examination-failed"])
        #expect(failed[0].seen.contains("it broke"))
        let hung = await Look(limit: .milliseconds(20)) {
            try await Task.sleep(for: .seconds(3600))
            return []
        }.outcome()
        #expect(hung.map(\.name) == ["examination-timed-out"])
    }

    private func finding(_ kind: FindingKind, of subject: String? = nil) -> Finding {
        Finding(kind, of: subject, seen: "s", why: "w", fix: "f")
    }

    @Test func theGravestComeFirstAndDecideTheExitStatus() {
        let findings: [FindingKind] = [.unknownSystem, .openRelay, .mailOnHold, .otherVPC]
        let report = DoctorReport(findings.map { finding($0) }, examined: ["x"])
        #expect(report.findings.map(\.name) == ["open-relay", "other-vpc", "mail-on-hold", "unknown-system"])
        #expect(report.exitStatus == 3)
        #expect(DoctorReport([finding(.mailOnHold)], examined: []).exitStatus == 2)
        #expect(DoctorReport([finding(.unknownSystem)], examined: []).exitStatus == 0)
        #expect(DoctorReport([], examined: []).exitStatus == 0)
    }

    private struct Read: Decodable {
        struct Entry: Decodable {
            let name: String
            let subject: String?
            let follows_from: String?
        }
        let findings: [Entry]
    }

    @Test func itIsReadAsTextAndAsJSON() throws {
        let report = DoctorReport(
            [finding(.serviceDown, of: "nginx"), finding(.noListener, of: "nginx"), finding(.mailOnHold)],
            examined: ["x", "y"]
        )
        #expect(
            report.text == """
                CRITICAL service-down
                  seen  s
                  why   w
                  fix   f

                  follows from it: no-listener
                    seen  s

                WARNING mail-on-hold
                  seen  s
                  why   w
                  fix   f

                Found: 1 critical, 1 warning; 1 more follows; looked at: x, y.

                """
        )
        let read = try JSONDecoder().decode(Read.self, from: Data(report.json.utf8)).findings
        #expect(read.map(\.name) == ["service-down", "no-listener", "mail-on-hold"])
        #expect(read.map(\.follows_from) == [nil, "service-down", nil])
        #expect(read.map(\.subject) == ["nginx", "nginx", nil])
        #expect(DoctorReport([], examined: ["x"]).text == "Nothing found; looked at: x.\n")
        let stopped = DoctorReport([finding(.senderNotInNetworks)], examined: [], sender: "10.0.0.1")
        #expect(stopped.text.hasSuffix("Found: 1 critical. Mail from 10.0.0.1 is stopped.\n"))
    }

    @Test func whatComesFromOutsideCannotForgeALine() {
        let report = DoctorReport([Finding(.mailOnHold, seen: "x\u{1B}[2K")], examined: [])
        #expect(!report.text.contains("\u{1B}"))
    }
}
