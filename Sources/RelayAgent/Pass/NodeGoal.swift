import Facts
import Resources
import Vocabulary

/// Where a pass takes the node.
enum NodeGoal: Sendable {
    /// Relaying, and a member of its load balancers; where it `waits`, until these call it in service.
    case inService(waits: Bool)
    /// Relaying, and in its load balancers or out of them as it is.
    case leftAlone(because: String)
    /// Out of the load balancers, with an empty queue.
    case leaving(DrainOrder)

    /// - Parameter order: The order to leave that is in force.
    init(_ notices: InstanceNotices, order: DrainOrder?, waits: Bool) {
        if let order {
            self = .leaving(order)
        } else if let state = notices.targetLifecycleState, !["InService", "Detached"].contains(state) {
            // The order to leave for it was withdrawn, or it is a state that nobody knows yet.
            self = .leftAlone(because: "Auto Scaling has it in \(state)")
        } else {
            self = .inService(waits: waits)
        }
    }

    var order: DrainOrder? {
        guard case .leaving(let order) = self else { return nil }
        return order
    }

    var membership: MembershipGoal {
        switch self {
        case .inService(let waits): .member(waits: waits)
        case .leftAlone(let reason): .leftAlone(because: reason)
        case .leaving: .out
        }
    }
}

extension InstanceNotices {
    /// Whether Auto Scaling is about to terminate the instance, also one that was kept warm.
    var isTermination: Bool { ["Terminated", "Warmed:Terminated"].contains(targetLifecycleState) }

    /// Why the node has to leave, the gravest reason first. One that was detached from its group goes on without it.
    func reasonsToLeave(_ settings: NodeSettings.Shutdown) -> [DrainOrder.Reason] {
        var reasons: [DrainOrder.Reason] = []
        if isTermination { reasons.append(.autoScaling) }
        if spotInterruption != nil { reasons.append(.spot) }
        if let state = targetLifecycleState, !isTermination, state == "Standby" || state.hasPrefix("Warmed:") {
            reasons.append(.standby)
        }
        if rebalanceRecommendation != nil, settings.drainOnRebalance { reasons.append(.rebalance) }
        return reasons
    }
}
