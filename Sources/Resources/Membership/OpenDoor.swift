/// The load balancer would let the whole internet in as if it were the VPC: where senders' addresses are hidden behind
/// the load balancer's, everyone who reaches its door is in the VPC to Postfix.
package struct OpenDoor: Error, CustomStringConvertible {
    /// What of the load balancer lets everyone in.
    package enum Door: Sendable, Equatable {
        case securityGroup(String)
        /// The load balancer has no security group, as a network load balancer may.
        case unguarded
    }

    /// As an operator names it.
    package let name: String
    package let door: Door
    package let port: UInt16
    /// Whose address Postfix does not see: `the sender`, `an IPv6 sender`.
    package let masked: String
    /// What would show Postfix the senders' addresses.
    package let unmasking: String

    package var description: String {
        let how =
            switch door {
            case .securityGroup(let group): "security group \(group) lets the whole internet in on port \(port)"
            case .unguarded: "it has no security group, which lets the whole internet in on port \(port)"
            }
        return """
            will not join \(name): it is internet-facing, shows Postfix its own address in place of \(masked)'s, and \
            \(how), so this would be an open relay; \(cure), or use an internal load \
            balancer, or set load_balancer.allow_open_to_world = true
            """
    }

    /// What closes the door, or shows who comes in.
    package var cure: String { cures.joined(separator: ", or ") }

    private var cures: [String] {
        let closing =
            switch door {
            case .securityGroup(let group):
                """
                let in only the senders' ranges ('aws ec2 revoke-security-group-ingress --group-id \(group) \
                --protocol tcp --port \(port) --cidr 0.0.0.0/0')
                """
            case .unguarded: "make the load balancer anew, with a security group that lets in only the senders' ranges"
            }
        return [unmasking, closing]
    }
}
