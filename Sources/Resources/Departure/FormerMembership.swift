import AWS
package import Reconcile

/// A load balancer that the node was in, and that its settings do not name any more: it is left.
///
/// The node goes on serving others, so it does not wait for this one's checks: connections that are open end by themselves.
package struct FormerMembership: Resource {
    private let place: any LoadBalancerPlace
    private let forget: @Sendable () throws -> Void

    /// - Parameter forget: Is called once the node is out.
    package init(place: any LoadBalancerPlace, forget: @escaping @Sendable () throws -> Void) {
        self.place = place
        self.forget = forget
    }

    package var name: String { place.name }

    package func check() -> Check {
        .drifted(
            Drift([Change(.registration, "leave \(name), which the settings do not name any more")]) {
                do {
                    if try await place.standing().position != .out { try await place.leave() }
                } catch let failure as AWSFailure where failure.isOfNothing {
                    // It was deleted.
                }
                try forget()
            }
        )
    }
}
