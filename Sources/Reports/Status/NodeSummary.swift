import Resources
import Units

/// The first line of a status: how the node is, as an operator wants to know it at night.
struct NodeSummary: Equatable {
    let standing: Standing
    /// A few words in capitals, a colon and the reason.
    let text: String

    init(_ reading: StatusReading) {
        if let order = reading.status.drain {
            self.init(leaving: order, reading)
        } else if let relayhost = reading.status.relayhost {
            self.init(senderTo: relayhost, reading)
        } else {
            self.init(relay: reading)
        }
    }

    init(_ standing: Standing, _ state: String, _ reasons: [String]) {
        self.standing = standing
        self.text = "\(state): \(reasons.joined(separator: "; "))"
    }

    private init(relay reading: StatusReading) {
        let memberships = reading.status.memberships
        let outside = memberships.filter { !$0.isInService }
        if let reason = reading.outage {
            self.init(.bad, "OUT OF SERVICE", [reason] + reading.agentTroubles)
        } else if !memberships.isEmpty, outside.count == memberships.count {
            let reason = "it takes mail, but no load balancer sends any: \(Self.list(outside))"
            self.init(.bad, "OUT OF SERVICE", [reason] + reading.troubles)
        } else {
            let absent = outside.isEmpty ? [] : ["no mail comes from \(Self.list(outside))"]
            self.init(
                working: "IN SERVICE",
                "it takes mail, \(Self.count(memberships.count))",
                troubles: absent + reading.troubles,
                reading
            )
        }
    }

    private init(senderTo relayhost: String, _ reading: StatusReading) {
        if let down = reading.downService {
            self.init(.bad, "NOT SENDING", ["\(down) does not run"] + reading.agentTroubles)
        } else if let probe = reading.failedProbe {
            self.init(.bad, "NOT SENDING", [probe] + reading.agentTroubles)
        } else {
            self.init(working: "SENDING", "mail goes to \(relayhost)", troubles: reading.troubles, reading)
        }
    }

    private init(leaving order: DrainOrder, _ reading: StatusReading) {
        var reasons = ["\(order.reason.rawValue), \(reading.ago(order.since))"]
        if let phase = order.phase { reasons[0] += ": \(phase.rawValue)" }
        let left = order.left?.total ?? 0
        if left > 0 { reasons.append("\(left) \(left == 1 ? "message stays" : "messages stay") here") }
        let isStuck = order.phase == .outOfTime || (order.doneAt != nil && left > 0)
        let troubles = order.doneAt == nil ? reading.troubles : reading.agentTroubles
        self.init(
            isStuck ? .bad : .attention,
            order.doneAt == nil ? "LEAVING" : "HAS LEFT",
            reasons + troubles
        )
    }

    /// - Parameter troubles: The reasons for which a person should look at it all the same.
    private init(working state: String, _ work: String, troubles: [String], _ reading: StatusReading) {
        guard troubles.isEmpty else {
            self.init(.attention, "\(state), BUT", troubles)
            return
        }
        let pass = reading.status.lastPass.map { ["last pass \(StatusReading.period(reading.age(of: $0))) ago"] }
        self.init(.good, state, [work] + (pass ?? []))
    }

    private static func count(_ memberships: Int) -> String {
        switch memberships {
        case 0: "and is in no load balancer"
        case 1: "and is in its load balancer"
        default: "and is in its \(memberships) load balancers"
        }
    }

    private static func list(_ memberships: [MembershipReport]) -> String {
        memberships.map { "\($0.name) (\($0.state))" }.joined(separator: ", ")
    }
}
