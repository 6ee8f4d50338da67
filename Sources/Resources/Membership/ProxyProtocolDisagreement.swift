package import Vocabulary

/// A load balancer and this node don't agree on whether connections begin with a header of the PROXY protocol, so no mail
/// could come through.
///
/// The agent does not change the load balancer's side: the other relays behind it would be cut off until they follow.
package struct ProxyProtocolDisagreement: PlaceRefusal {
    /// The name that an operator uses.
    package let name: String
    /// The load balancer's side, and its effect.
    private let seen: String
    private let advice: String
    /// The commands that set the load balancer as `mail.proxy_protocol` has it.
    private let commands: [String]

    /// - Parameters:
    ///   - ports: The node's ports on which the load balancer does otherwise than `mail.proxy_protocol` says.
    ///   - policies: Those that such a port has otherwise, since they are set as a whole.
    init(
        classic loadBalancer: ClassicLoadBalancerName,
        isExpected: Bool,
        ports: [UInt16],
        policies: (UInt16) -> [String]
    ) {
        self.name = "load balancer \(loadBalancer)"
        let list = ports.map { "\($0)" }.joined(separator: " and ")
        self.seen =
            isExpected
            ? Self.missing("connections to port \(list)")
            : "it sends a header of the PROXY protocol, version 1, before connections to port \(list), \(Self.notSpoken)"
        self.advice = isExpected ? Self.switchOn : Self.switchOff
        let policy = "smtp-relay-proxy-protocol"
        let creation = """
            aws elb create-load-balancer-policy --load-balancer-name \(loadBalancer) --policy-name \(policy) \
            --policy-type-name ProxyProtocolPolicyType --policy-attributes AttributeName=ProxyProtocol,AttributeValue=true
            """
        let settings = ports.map { port in
            let names = isExpected ? policies(port) + [policy] : ["'[]'"]
            return """
                aws elb set-load-balancer-policies-for-backend-server --load-balancer-name \(loadBalancer) \
                --instance-port \(port) --policy-names \(names.joined(separator: " "))
                """
        }
        self.commands = (isExpected ? [creation] : []) + settings
    }

    init(targetGroup group: TargetGroupARN, isExpected: Bool) {
        self.name = "target group \(group.name)"
        self.seen =
            isExpected
            ? Self.missing("connections and health checks")
            : """
            it sends a header of the PROXY protocol, version 2, before each connection and health check, \(Self.notSpoken)
            """
        self.advice = isExpected ? Self.switchOn : Self.switchOff
        self.commands = [
            """
            aws elbv2 modify-target-group-attributes --target-group-arn \(group) --attributes \
            Key=proxy_protocol_v2.enabled,Value=\(isExpected)
            """
        ]
    }

    private static func missing(_ what: String) -> String {
        """
        it sends no header of the PROXY protocol before \(what), and this node needs one (mail.proxy_protocol = true), so \
        all mail through it would fail
        """
    }

    private static let notSpoken = """
        which this node does not expect (mail.proxy_protocol = false), so all mail through it would fail
        """
    private static let switchOn = "switch it on when all its relays expect it"
    private static let switchOff = "switch it off, or set mail.proxy_protocol = true on all of its relays"

    package var why: String { "\(seen); \(advice) (\(commands.map { "'\($0)'" }.joined(separator: ", then ")))" }

    package var cure: String { commands.joined(separator: " && ") }
}

/// The target group speaks the PROXY protocol as agreed, but in a version that this node's Postfix does not read.
package struct PostfixReadsOnlyVersion1: PlaceRefusal {
    package let name: String
    package let version: PostfixVersion

    package var why: String {
        """
        it speaks the PROXY protocol in version 2, which this node's Postfix \(version) does not \
        read, so all mail through it would fail; \(cure)
        """
    }

    package var cure: String {
        """
        use an image with Postfix \(PostfixVersion.readingProxyVersion2) or later, or a classic load balancer, which speaks \
        version 1
        """
    }
}
