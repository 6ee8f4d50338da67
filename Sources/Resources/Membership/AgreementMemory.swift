import Synchronization

/// What was found to agree between load balancers and this node, kept for as long as the program runs: a load balancer
/// whose health checks know nothing of it is looked at again now and then, and when this node's side changes.
package final class AgreementMemory: Sendable {
    private let found = Mutex<[String: (side: String, at: ContinuousClock.Instant)]>([:])
    private let lifetime: Duration

    /// - Parameter lifetime: For how long what was found counts. Shorter ones cost more than a call a minute.
    package init(lifetime: Duration = .seconds(1200)) {
        self.lifetime = lifetime
    }

    /// Whether a load balancer was found to agree with what this node's side is now.
    func holds(_ name: String, _ side: String) -> Bool {
        guard let known = found.withLock({ $0[name] }) else { return false }
        return known.side == side && ContinuousClock.now - known.at < lifetime
    }

    func keep(_ name: String, _ side: String) {
        found.withLock { $0[name] = (side, .now) }
    }
}
