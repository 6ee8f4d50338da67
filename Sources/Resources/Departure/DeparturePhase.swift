/// A step that a leaving node has reached.
package enum DeparturePhase: String, Sendable, Codable, CaseIterable {
    /// The health check answers 503.
    case unhealthy
    /// The load balancers have let the node go, or the time for that is over.
    case outOfLoadBalancers = "out of the load balancers"
    /// No host can hand over a message any more.
    case doorsClosed = "doors closed"
    /// Postfix tries all queued mail at its usual destinations.
    case flushed
    /// Postfix hands all queued mail to another relay.
    case handingOver = "handing over"
    case empty
    case outOfTime = "out of time"
    /// Auto Scaling has had its answer.
    case hookAnswered = "hook answered"
}
