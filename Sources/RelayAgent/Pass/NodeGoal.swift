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
        } else if let state = notices.targetLifecycleState, state != "InService" {
            // Standby, Detached, Terminated, Warmed:...: Auto Scaling takes the node out and in itself.
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

    /// Why the node has to leave; `nil` where it has not.
    func reasonToLeave(_ settings: NodeSettings.Shutdown) -> DrainOrder.Reason? {
        if isTermination { return .autoScaling }
        if spotAction != nil { return .spot }
        return rebalanceRecommendation != nil && settings.drainOnRebalance ? .rebalance : nil
    }
}
