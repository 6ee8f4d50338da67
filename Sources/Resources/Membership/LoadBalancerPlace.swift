/// This node's place in a load balancer, of whatever kind.
///
/// A further kind is one file with a type that conforms to this, and one line in the list of an agent's places.
package protocol LoadBalancerPlace: Sendable {
    /// As an operator names it: `load balancer relay`, `target group relay-25`.
    var name: String { get }

    /// What the node is registered as, in the API's terms.
    var member: String { get }

    /// What the load balancer thinks of the node: one call.
    func standing() async throws -> Standing

    /// Looks at the load balancer itself before the node joins.
    ///
    /// - Returns: What is wrong with it that does not keep the node from joining.
    /// - Throws: What does: joining would make an open relay, or break mail.
    func review() async throws -> [PlaceFinding]

    /// Looks now and then at what the load balancer's own checks can't see, while it calls the node in service.
    ///
    /// - Returns: Why all mail through it fails all the same; `nil` where it does not.
    func objection() async throws -> (any Error)?

    /// Registers the node; where it is registered, nothing changes.
    func join() async throws

    /// Takes the node out; where it is not registered, nothing changes.
    func leave() async throws

    /// Where mail reaches the other nodes through the load balancer, as Postfix writes a relayhost; `nil` where nobody
    /// else is there to take it.
    ///
    /// - Throws: `HandOverRefused` where they would refuse it, besides what the API's calls throw.
    func wayToOthers() async throws -> String?
}

extension LoadBalancerPlace {
    package func objection() async throws -> (any Error)? { nil }
}

/// What a load balancer thinks of the node.
package struct Standing: Sendable, Equatable {
    package enum Position: Sendable, Equatable {
        /// The load balancer does not have the node.
        case out
        /// It was taken out; connections may still come for a while.
        case leaving
        /// It is registered, and before its first checks are done.
        case arriving
        /// It is registered, and gets no mail.
        case failing
        case inService
    }

    package let position: Position
    /// The API's own word: `InService`, `healthy`.
    package let state: String
    /// Why, as the API says it, with its code first; empty where there is nothing to say.
    package let reason: String
    /// Where a person should look, by what the code means; may be empty.
    package let advice: String

    package init(_ position: Position, state: String, reason: String = "", advice: String = "") {
        self.position = position
        self.state = state
        self.reason = reason
        self.advice = advice
    }
}

extension Standing: CustomStringConvertible {
    package var description: String { reason.isEmpty ? state : "\(state) (\(reason))" }
}
