/// This node's place in a load balancer of any kind.
///
/// A further kind is one file with a type that conforms to this, and one line in the list of an agent's places.
package protocol LoadBalancerPlace: Sendable {
    /// The name that an operator uses: `load balancer relay`, `target group relay-25`.
    var name: String { get }

    /// The name by which the node is registered, in the API's terms.
    var member: String { get }

    /// The node's state at the load balancer: one call.
    func standing() async throws -> Standing

    /// The values of this node on which the answer of `review()` depends: its settings, and the hosts that reach it.
    func side() async -> String

    /// Asks whether this node may be here: before it joins, and now and then while it is registered.
    ///
    /// - Throws: A `PlaceRefusal` where it may not: it would be an open relay, or mail would break. Anything else says that
    ///   it can't be told.
    func review() async throws -> PlaceReview

    /// Registers the node; where it is registered, nothing changes.
    func join() async throws

    /// Takes the node out; where it is not registered, nothing changes.
    func leave() async throws

    /// The way to the other nodes through the load balancer, as Postfix writes a relayhost; `nil` where no other node
    /// is there to take mail.
    ///
    /// - Throws: `HandOverRefused` where they would refuse it, besides what the API's calls throw.
    func wayToOthers() async throws -> String?
}

/// A place that the node may be in.
package struct PlaceReview: Sendable {
    /// The faults of the load balancer that do not keep the node out. A search for them may take further calls.
    package let findings: @Sendable () async throws -> [PlaceFinding]
    /// The way to other nodes through it, as `wayToOthers()` has it, whether there are any or not.
    package let way: @Sendable () async throws -> String?

    package init(
        findings: @escaping @Sendable () async throws -> [PlaceFinding],
        way: @escaping @Sendable () async throws -> String?
    ) {
        (self.findings, self.way) = (findings, way)
    }
}

/// The node's state at a load balancer.
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

    /// Whether the load balancer has the node, and may send it mail.
    var isRegistered: Bool { ![.out, .leaving].contains(position) }

    /// The API's own word: `InService`, `healthy`.
    package let state: String
    /// Why, as the API says it, with its code first; empty where there is nothing to say.
    package let reason: String
    /// The place where a person should look, by the meaning of the code; may be empty.
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
