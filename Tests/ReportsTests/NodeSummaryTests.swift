import Resources
import Testing

@testable import Reports

/// The first line of a status, for each state of a node.
struct NodeSummaryTests {
    private func summary(
        _ status: NodeStatus,
        isAgentUp: Bool = true,
        isPublished: Bool = true,
        now: Int = StatusSamples.now
    ) -> NodeSummary {
        NodeSummary(
            StatusReading(status, isAgentUp: isAgentUp, isPublished: isPublished, queue: nil, now: now)
        )
    }

    private func relay(_ change: (inout NodeStatus) -> Void) -> NodeStatus {
        var status = StatusSamples.relay
        change(&status)
        return status
    }

    @Test func aNodeInServiceSaysSo() {
        let found = summary(StatusSamples.relay)
        #expect(found.text == "IN SERVICE: it takes mail, and is in its 2 load balancers; last pass 12 s ago")
        #expect(found.standing == .good)
        #expect(found.text.count <= 80)
        #expect(
            summary(relay { $0.memberships = [] }).text.hasPrefix(
                "IN SERVICE: it takes mail, and is in no load balancer"
            )
        )
    }

    @Test(arguments: [
        (false, "the agent does not run, so nothing is repaired"),
        (true, "the last pass failed 12 s ago: AccessDenied"),
        (true, "no mail comes from target group relay-25 (unhealthy)"),
        (true, "version 4 of the fleet's settings is refused"),
        (true, "the fleet's settings can't be read"),
        (true, "probe queue disk failed: full"),
        (true, "smtp-relay-agent-signer.service does not run"),
    ])
    func aNodeThatWorksButNeedsSomebodySaysWhy(isAgentUp: Bool, reason: String) {
        let status = relay { status in
            switch reason.split(separator: " ").last {
            case "AccessDenied": status.lastPass?.failure = "AccessDenied\nmore"
            case "(unhealthy)":
                status.memberships[1] = MembershipReport(name: "target group relay-25", state: "unhealthy", reason: "")
            case "refused":
                status.fleet = NodeStatus.Fleet(
                    place: "ssm:/x",
                    version: "3",
                    refused: NodeStatus.Fleet.Refused(version: "4", reason: "wrong", at: 5)
                )
            case "read": status.fleet = NodeStatus.Fleet(place: "ssm:/x", version: "3", unread: "AccessDenied")
            case "full": status.probes.append(ProbeReport(.queueDisk, "free space", failure: "full", at: 9))
            case "run":
                let name = "smtp-relay-agent-signer.service"
                status.services.append(NodeStatus.Service(name: name, isActive: false, isEnabled: true, process: nil))
            default: break
            }
        }
        let found = summary(status, isAgentUp: isAgentUp)
        #expect(found == NodeSummary(.attention, "IN SERVICE, BUT", [reason]))
    }

    @Test func aNodeThatIsLeftToItselfSaysSo() {
        let late = summary(StatusSamples.relay, now: StatusSamples.now + 1000)
        #expect(late.text == "IN SERVICE, BUT: the next pass is 15 min late")
        let timer = relay { status in
            status.services.append(
                NodeStatus.Service(
                    name: "smtp-relay-agent-reconcile.timer",
                    isActive: true,
                    isEnabled: true,
                    process: nil
                )
            )
        }
        #expect(summary(timer, isAgentUp: false).standing == .good)
        let silent = summary(timer, isAgentUp: false, now: StatusSamples.now + 1000)
        #expect(silent.text == "IN SERVICE, BUT: no pass for 16 min")
        let starting = relay { status in
            status.agent = nil
            status.services.append(
                NodeStatus.Service(name: "smtp-relay-agent.service", isActive: true, isEnabled: true, process: 9)
            )
        }
        #expect(summary(starting, isAgentUp: false).standing == .good)
        let script = relay { status in
            status.services.append(
                NodeStatus.Service(name: "smtp-relay-agent-reconcile", isActive: false, isEnabled: true, process: nil)
            )
        }
        #expect(summary(script, isAgentUp: false).standing == .good)
    }

    @Test func aNodeOutOfServiceSaysWhy() {
        func reason(isAgentUp: Bool = true, isPublished: Bool = false, _ change: (inout NodeStatus) -> Void) -> String {
            let found = summary(relay(change), isAgentUp: isAgentUp, isPublished: isPublished)
            #expect(found.standing == .bad)
            return found.text
        }
        #expect(reason { _ in } == "OUT OF SERVICE: the health check answers 503")
        #expect(reason { $0.lastPass = nil } == "OUT OF SERVICE: the first pass has not ended yet")
        #expect(
            reason { $0.lastPass?.failure = "no_such_key is unknown\nmore" }
                == "OUT OF SERVICE: the last pass failed 12 s ago: no_such_key is unknown"
        )
        #expect(reason { $0.services[1].isActive = false } == "OUT OF SERVICE: postfix does not run")
        #expect(reason(isPublished: true) { $0.services[0].isActive = false } == "OUT OF SERVICE: nginx does not run")
        #expect(
            reason { $0.probes = [ProbeReport(.smtp, "port 25", failure: "no answer", at: 9)] }
                == "OUT OF SERVICE: probe smtp failed: no answer"
        )
        #expect(
            reason(isAgentUp: false) { $0.services[1].isActive = false }
                == "OUT OF SERVICE: postfix does not run; the agent does not run, so nothing is repaired"
        )
        #expect(
            reason(isPublished: true) { status in
                status.memberships = [
                    MembershipReport(name: "load balancer smtp-relay", state: "OutOfService", reason: "")
                ]
            }
                == "OUT OF SERVICE: it takes mail, but no load balancer sends any: load balancer smtp-relay (OutOfService)"
        )
    }

    @Test func aNodeThatLeavesSaysHowFarItIs() {
        var order = DrainOrder(.spot, since: StatusSamples.now - 100)
        #expect(
            summary(relay { $0.drain = order }, isPublished: false).text == "LEAVING: a spot interruption, 100 s ago"
        )
        order.phase = .handingOver
        let leaving = summary(relay { $0.drain = order }, isPublished: false)
        #expect(leaving.text == "LEAVING: a spot interruption, 100 s ago: handing over")
        #expect(leaving.standing == .attention)
        (order.phase, order.doneAt) = (.empty, StatusSamples.now - 10)
        let gone = summary(relay { $0.drain = order }, isPublished: false)
        #expect(gone.text == "HAS LEFT: a spot interruption, 100 s ago: empty")
        #expect(gone.standing == .attention)
        (order.phase, order.left) = (.outOfTime, LeftBehind(waiting: 1))
        let stuck = summary(relay { $0.drain = order }, isAgentUp: false, isPublished: false)
        #expect(
            stuck.text == "HAS LEFT: a spot interruption, 100 s ago: out of time; 1 message stays here; "
                + "the agent does not run, so nothing is repaired"
        )
        #expect(stuck.standing == .bad)
    }

    @Test func aSenderSaysWhetherItsMailGoesOut() {
        var status = StatusSamples.sender
        // A sender has no health check to answer.
        func found(isAgentUp: Bool = true) -> NodeSummary { summary(status, isAgentUp: isAgentUp, isPublished: false) }
        #expect(found().text == "SENDING: mail goes to [relay.internal.example.com]:25; last pass 12 s ago")
        #expect(found().standing == .good)
        #expect(found(isAgentUp: false).text == "SENDING, BUT: the agent does not run, so nothing is repaired")
        status.lastPass?.failure = "relayhost leads to this host"
        #expect(found().text == "SENDING, BUT: the last pass failed 12 s ago: relayhost leads to this host")
        status.services[0].isActive = false
        #expect(found().text == "NOT SENDING: postfix does not run")
        #expect(found().standing == .bad)
    }
}
