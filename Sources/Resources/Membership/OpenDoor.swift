package import AWS

/// The load balancer would let the whole internet in as if it were the VPC: where senders' addresses are hidden behind
/// the load balancer's, everyone who reaches its door is in the VPC to Postfix.
package struct OpenDoor: PlaceRefusal {
    /// The part of the load balancer that lets everyone in.
    package enum Door: Sendable, Equatable {
        /// The security groups let everyone in, by these sources.
        case securityGroups([Ingress.Opening])
        /// The load balancer has no security group, as a network load balancer may.
        case unguarded
    }

    package let name: String
    package let door: Door
    package let port: UInt16
    /// The sender whose address Postfix does not see: `the sender`, `an IPv6 sender`.
    package let masked: String
    /// The change that would show Postfix the senders' addresses.
    package let unmasking: String

    package var why: String {
        let how =
            switch door {
            case .securityGroups(let openings):
                "\(openings.summary) the internet in on port \(port) (\(openings.sources))"
            case .unguarded: "it has no security group, which lets the whole internet in on port \(port)"
            }
        return """
            it is internet-facing, shows Postfix its own address instead of \(masked)'s, and \(how), so this would be an \
            open relay; \(cure), or use an internal load balancer, or set load_balancer.allow_open_to_world = true
            """
    }

    /// The change that closes the door, or shows who comes in.
    package var cure: String { "\(unmasking), or \(closing)" }

    private var closing: String {
        switch door {
        case .securityGroups(let openings): "let in only the senders' ranges (\(openings.revocations))"
        case .unguarded: "replace the load balancer by one with a security group that lets in only the senders' ranges"
        }
    }
}
