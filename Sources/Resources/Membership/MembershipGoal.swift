/// The wanted state of a node's place in a load balancer.
package enum MembershipGoal: Sendable, Equatable {
    /// Registered. Where `waits`, a pass ends only when the load balancer calls the node in service, too.
    case member(waits: Bool)
    /// The place stays as it is: Auto Scaling has the node in Standby, say, and moves it itself. The agent only looks
    /// at it.
    case leftAlone(because: String)
    /// The node is not registered; leaving ends when no mail comes any more.
    case out
}

/// The node's state at a load balancer, for the status.
package struct MembershipReport: Sendable, Equatable, Codable {
    /// The name that an operator uses: `load balancer smtp-relay`.
    package let name: String
    /// The API's own word: `InService`, `healthy`; `not registered` where it does not know the node.
    package let state: String
    /// Why, in the API's own words; empty where all is well.
    package let reason: String
    /// The node's own reason for not being in service; `nil` where it is as it should be.
    package let ours: String?

    package init(name: String, state: String, reason: String, ours: String? = nil) {
        self.name = name
        self.state = state
        self.reason = reason
        self.ours = ours
    }

    /// Whether it sends the node mail, by the classic API's word or that of target groups.
    package var isInService: Bool { ["InService", "healthy"].contains(state) }
}

/// The receiver of notices of a membership, beside its result.
package struct MembershipObserver: Sendable {
    /// The faults of the load balancer itself that do not keep the node from joining.
    package let notice: @Sendable (String) -> Void
    package let report: @Sendable (MembershipReport) -> Void

    package init(
        notice: @escaping @Sendable (String) -> Void,
        report: @escaping @Sendable (MembershipReport) -> Void = { _ in }
    ) {
        self.notice = notice
        self.report = report
    }
}
