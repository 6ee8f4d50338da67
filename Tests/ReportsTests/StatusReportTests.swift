import Host
import RelayTestSupport
import Resources
import SystemPackage
import Testing

@testable import Reports

struct StatusReportTests {
    private var status: NodeStatus {
        var status = NodeStatus()
        status.instanceID = "i-0123456789abcdef0"
        status.address = "10.0.1.10"
        status.publicAddress = "198.51.100.7"
        status.publicName = "mail.example.com"
        status.availabilityZone = "eu-central-1a"
        status.vpcID = "vpc-1"
        status.operatingSystem = "Amazon Linux 2023"
        status.networks = ["10.0.0.0/16"]
        status.agent = 42
        status.nextPassAt = 1060
        status.parts = [
            NodeStatus.Part(
                name: "postfix",
                state: .asItShouldBe,
                checkedAt: 990,
                changedAt: 400,
                lastChange: "edit /etc/postfix/main.cf, reload postfix"
            )
        ]
        status.services = [NodeStatus.Service(name: "postfix", isActive: false, isEnabled: true, process: nil)]
        status.probes = [
            ProbeReport(.smtp, "banner and EHLO on port 25", at: 990),
            ProbeReport(.queueDisk, "free space", failure: "full\nmore", at: 400),
        ]
        status.queue = PostfixQueue.Counts()
        status.queueCountedAt = 990
        status.memberships = [
            MembershipReport(name: "load balancer relay", state: "OutOfService", reason: "Instance: failed checks"),
            MembershipReport(
                name: "target group relay-25",
                state: "unhealthy",
                reason: "Target.Timeout: Request timed out",
                ours: "this node answers its own health check"
            ),
        ]
        status.lastPass = NodeStatus.Pass(startedAt: 990, seconds: 0.1, trigger: "the interval", changes: 0)
        status.failures = [NodeStatus.Failure(at: 500, step: "packages", text: "a mirror fails\nmore")]
        status.drain = DrainOrder(.byHand, since: 900)
        return status
    }

    @Test func theTableSaysItAll() {
        var queue = PostfixQueue.Counts()
        queue.deferred = 7
        queue.oldestDeferred = 940
        let table = StatusReading(status, isAgentUp: true, queue: queue, now: 1000).unwrapped
        for line in [
            "LEAVING: by hand, 100 s ago; ",
            "node                   relay i-0123456789abcdef0, 10.0.1.10, eu-central-1a",
            "public address         198.51.100.7, mail.example.com in DNS\n", "Amazon Linux 2023",
            "vpc-1: 10.0.0.0/16", "resident, process 42, version \(AgentVersion.current)",
            "probe smtp             passed, 10 s ago (banner and EHLO on port 25)",
            "probe queue disk       FAILED: full, 10 min ago (free space)",
            "by hand, 100 s ago", "10 s ago, for the interval: 0 changes", "in about 60 s",
            "as it should be, checked 10 s ago, changed 10 min ago: edit /etc/postfix/main.cf, reload postfix",
            "NOT ACTIVE, enabled", "OutOfService (Instance: failed checks)\n",
            "unhealthy (Target.Timeout: Request timed out); this node answers its own health check\n",
            "0 incoming, 0 active, 7 deferred, the oldest came 60 s ago, 0 on hold\n",
            "8 min ago, packages: a mirror fails\n",
        ] {
            #expect(table.contains(line), "\(line) in\n\(table)")
        }
    }

    @Test func whatTheLastPassDidNotSeeIsNotShownAsOfNow() {
        var status = status
        status.drain = nil
        status.probes[0].isOld = true
        status.parts.append(NodeStatus.Part(name: "load balancer relay", state: .asItShouldBe, checkedAt: 990))
        func table(isPublished: Bool) -> String {
            StatusReading(status, isAgentUp: true, isPublished: isPublished, queue: nil, now: 1000).unwrapped
        }
        #expect(table(isPublished: true).contains("not checked by the last pass; before that, passed, 10 s ago"))
        #expect(table(isPublished: true).contains("registered, but not in service, checked 10 s ago\n"))
        #expect(table(isPublished: true).contains("health check           answered with 200\n"))
        #expect(table(isPublished: false).contains("health check           answered with 503: OUT OF SERVICE\n"))
        #expect(!Metrics(status, now: 1000).description.contains("probe_success{probe=\"smtp\"}"))
        #expect(Metrics(status, now: 1000).description.contains("probe_success{probe=\"queue disk\"} 0"))
    }

    @Test func withoutTheAgentThereIsNoNextPass() {
        let table = StatusReading(status, isAgentUp: false, queue: nil, now: 1000).unwrapped
        #expect(table.contains("not resident"))
        #expect(!table.contains("next pass"))
    }

    @Test func aTimersNextPassIsNamed() {
        var status = status
        let timer = "smtp-relay-agent-reconcile.timer"
        status.services.append(NodeStatus.Service(name: timer, isActive: true, isEnabled: true, process: nil))
        let table = StatusReading(status, isAgentUp: false, queue: nil, now: 1000).unwrapped
        #expect(table.contains("next pass              by smtp-relay-agent-reconcile.timer\n"))
        // A label that is longer than its column stands above its value.
        #expect(table.contains("\nsmtp-relay-agent-reconcile.timer active, enabled\n"))
    }

    @Test func whoMayNotSeeTheQueueIsToldHowOldItsCountsAre() {
        let table = StatusReading(status, isAgentUp: true, queue: nil, now: 1000).unwrapped
        #expect(table.contains("0 deferred, 0 on hold, counted 10 s ago\n"))
    }

    @Test func whatIsWrittenIsRead() async throws {
        try await withTemporaryRoot { (files) throws in
            let file = StatusFile(files: files)
            #expect(file.read() == nil)
            try file.write(status)
            #expect(file.read() == status)
            #expect(try files.file(at: StatusFile.path)?.attributes.permissions == .worldReadable)
        }
    }
}

extension StatusReading {
    /// The report, with each row in one line.
    fileprivate var unwrapped: String {
        StatusReport(self).lines().joined(separator: "\n").replacing(#/\n +/#, with: " ") + "\n"
    }
}
