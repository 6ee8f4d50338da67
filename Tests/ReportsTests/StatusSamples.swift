import Resources

@testable import Reports

/// Nodes in all kinds of states, for tests of how they are shown. The time is 10000.
enum StatusSamples {
    static let now = 10000

    /// A relay in service in two load balancers.
    static var relay: NodeStatus {
        var status = NodeStatus()
        status.instanceID = "i-0123456789abcdef0"
        status.address = "10.0.1.10"
        status.availabilityZone = "eu-central-1a"
        status.vpcID = "vpc-0123456789abcdef0"
        status.operatingSystem = "Amazon Linux 2023"
        status.networks = ["10.0.0.0/16", "10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/16", "100.64.0.0/10"]
        status.agent = 42
        status.nextPassAt = now + 60
        status.parts = ["packages", "postfix", "nginx", "load balancer smtp-relay"].map {
            NodeStatus.Part(name: $0, state: .asItShouldBe, checkedAt: now - 12)
        }
        status.services = ["nginx", "postfix"].map {
            NodeStatus.Service(name: $0, isActive: true, isEnabled: true, process: 7)
        }
        status.probes = [ProbeReport(.smtp, "banner and EHLO on port 25", at: now - 12)]
        status.memberships = [
            MembershipReport(name: "load balancer smtp-relay", state: "InService", reason: ""),
            MembershipReport(name: "target group relay-25", state: "healthy", reason: ""),
        ]
        status.lastPass = NodeStatus.Pass(startedAt: now - 12, seconds: 0.1, trigger: "the interval", changes: 0)
        return status
    }

    static var sender: NodeStatus {
        var status = NodeStatus()
        status.role = "sender"
        status.relayhost = "[relay.internal.example.com]:25"
        status.operatingSystem = "AlmaLinux 9"
        status.agent = 42
        status.services = [NodeStatus.Service(name: "postfix", isActive: true, isEnabled: true, process: 7)]
        status.lastPass = NodeStatus.Pass(startedAt: now - 12, seconds: 0.1, trigger: "the interval", changes: 0)
        return status
    }

    /// A relay with something wrong in every row, told with long words and long texts.
    static var odd: NodeStatus {
        let arn =
            "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/net/"
            + String(repeating: "a-very-long-name-", count: 8) + "/0123456789abcdef"
        var status = relay
        status.publicAddress = "198.51.100.7"
        status.publicName = String(repeating: "host.", count: 40) + "example.com"
        status.operatingSystem = "Debian GNU/Linux 12 (bookworm) of " + String(repeating: "a vendor, ", count: 12)
        status.parts[1].changedAt = now - 9000
        status.parts[1].lastChange = "edit /etc/postfix/main.cf, reload postfix, \(arn)"
        status.parts.append(NodeStatus.Part(name: arn, state: .failed, checkedAt: now - 3))
        status.parts.append(NodeStatus.Part(name: "", state: .notReached))
        status.probes = ProbeReport.Probe.allCases.map { ProbeReport($0, arn, failure: "\(arn) fails\nmore", at: 3) }
        status.probes[0].isOld = true
        status.services.append(
            NodeStatus.Service(name: "smtp-relay-agent-reconcile.timer", isActive: false, isEnabled: true, process: nil)
        )
        status.memberships = [
            MembershipReport(name: "target group \(arn)", state: "unhealthy", reason: arn, ours: "no answer, \(arn)")
        ]
        status.lastPass?.failure = "\(arn) can't be read: \(arn)\nmore"
        status.lastPass?.trigger = "SIGHUP, and \(arn)"
        status.failures = [NodeStatus.Failure(at: now - 100_000, step: "fleet", text: "\(arn)  \(arn)\nmore")]
        status.fleet = NodeStatus.Fleet(
            place: "ssm:/\(arn)",
            version: nil,
            isOnTrial: true,
            readAt: now - 5,
            refused: NodeStatus.Fleet.Refused(version: "4", reason: arn, at: 3),
            unread: "AccessDenied: \(arn)"
        )
        var queue = PostfixQueue.Counts()
        (queue.deferred, queue.oldestDeferred) = (123_456_789, 3)
        status.queue = queue
        status.queueCountedAt = 5
        return status
    }

    /// The odd relay on its way out.
    static var oddLeaving: NodeStatus {
        var status = odd
        status.drain = DrainOrder(.standby, since: now - 9000)
        status.drain?.phase = .outOfTime
        status.drain?.left = LeftBehind(
            waiting: 300,
            held: 2,
            shares: [LeftBehind.Share(domain: String(repeating: "sub.", count: 60) + "example.com", messages: 300)]
        )
        return status
    }
}
