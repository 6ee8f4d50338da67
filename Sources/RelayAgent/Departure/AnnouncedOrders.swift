import AgentLog
import Facts
import Resources
import Vocabulary

/// Turns an announcement of AWS into an order to leave, once, and ends such an order with its cause.
///
/// A process that reads an announcement gives the order at once. A departure that is under way for a lesser reason then
/// ends, and the next pass leaves by the new order, with that order's own time.
struct AnnouncedOrders: Sendable {
    let orders: DrainOrders
    let log: StepLog

    /// - Parameter settings: Whether the node leaves at a recommendation; an urgent announcement asks for none.
    func obey(
        _ notices: InstanceNotices,
        _ settings: NodeSettings.Shutdown = NodeSettings.Shutdown()
    ) async throws {
        if notices.rebalanceRecommendation != nil, !settings.drainOnRebalance {
            log.warning("facts", "EC2 recommends to replace this instance (shutdown.drain_on_rebalance is false)")
        }
        guard let reason = notices.reasonsToLeave(settings).first else { return }
        var order = DrainOrder(reason)
        // Auto Scaling waits for its hook's answer, also where a spot interruption is the cause; EC2 does not.
        if let interruption = notices.spotInterruption { order.limit = interruption.secondsLeft(at: order.since) }
        let action = notices.spotInterruption?.description
        guard try await orders.give(order, for: "\(reason.rawValue) \(action ?? "")") else { return }
        log.warning("drain", "leaving: \(reason.rawValue)\(action.map { " (\($0))" } ?? "")")
    }

    /// An instance that was hibernated wakes up with the order that it fell asleep by, and one in Standby comes back.
    ///
    /// - Parameter notices: The notices in metadata now.
    func end(without notices: InstanceNotices, _ settings: NodeSettings.Shutdown) async throws {
        let reasons = notices.reasonsToLeave(settings)
        if reasons.isEmpty { try orders.forgetObeyed() }
        guard let order = try orders.current(), order.reason.isOfAWS, !reasons.contains(order.reason) else { return }
        guard try await orders.withdraw(where: { $0.isSame(as: order) }) else { return }
        log.warning("drain", "back: \(order.reason.rawValue) no more")
    }
}
