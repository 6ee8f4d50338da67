import AWS
import Vocabulary

/// The faults of a target group and of the load balancers that send to it, as far as the API shows them.
struct TargetGroupReview {
    let findings: [PlaceFinding]

    /// - Parameter loadBalancers: Those that send to the group, each with the listeners that do.
    init(
        _ group: TargetGroup,
        _ loadBalancers: [(NetworkLoadBalancer, [NetworkLoadBalancer.Listener])],
        node: RegisteredInstance
    ) {
        var findings: [PlaceFinding] = []
        if let wrong = Self.wrongHealthCheck(of: group, node) { findings.append(wrong) }
        if !["TCP", "TCP_UDP"].contains(group.protocol) {
            findings.append(
                PlaceFinding(
                    .wrongProtocol,
                    seen: "its protocol is \(group.protocol)",
                    why: "but Postfix speaks plain TCP",
                    advice: "make a group of TCP"
                )
            )
        }
        if !MailPort.all.contains(group.port) {
            findings.append(
                PlaceFinding(
                    .wrongPort,
                    seen: "its port is \(group.port)",
                    why: "but mail comes in by 25 or 587",
                    advice: "make a group of such a port"
                )
            )
        }
        if let vpcID = group.vpcID, vpcID != node.vpcID {
            findings.append(.otherVPC(vpcID, node))
        }
        if loadBalancers.isEmpty { findings.append(Self.unused(group, by: "no load balancer")) }
        for (loadBalancer, listeners) in loadBalancers {
            if !listeners.contains(where: { MailPort.all.contains($0.port) }) {
                findings.append(Self.unused(group, by: "no listener of \(loadBalancer.name) on port 25 or 587"))
            }
            if !loadBalancer.availabilityZones.contains(node.availabilityZone) {
                findings.append(Self.elsewhere(loadBalancer, node))
            }
            if node.isProxied, loadBalancer.isDualStack, node.ipv6Address == nil {
                findings.append(Self.refusing(loadBalancer))
            }
        }
        self.findings = findings + [PlaceFinding.handOver(of: node)].compactMap(\.self)
    }

    private static func wrongHealthCheck(of group: TargetGroup, _ node: RegisteredInstance) -> PlaceFinding? {
        let check = group.healthCheck
        let port = check.port == "traffic-port" ? "\(group.port)" : check.port
        if check.protocol == "HTTP", port == "\(node.groupHealthPort)", check.path == "\(node.health.path)" {
            return nil
        }
        let isOfMail = check.protocol == "TCP" || MailPort.all.map { "\($0)" }.contains(port)
        return PlaceFinding(
            isOfMail ? .healthCheckOfMail : .wrongHealthCheck,
            seen: "its health check is \(check.protocol):\(port)\(check.path ?? "")",
            why: isOfMail
                ? "which says nothing of the relay's health and fills the mail log with connections"
                : "but this node answers \(node.groupHealthCheck)",
            advice: "set it to \(node.groupHealthCheck)",
            command: """
                aws elbv2 modify-target-group --target-group-arn \(group.arn) --health-check-protocol HTTP \
                --health-check-port \(node.groupHealthPort) --health-check-path \(node.health.path)
                """
        )
    }

    private static func unused(_ group: TargetGroup, by whom: String) -> PlaceFinding {
        PlaceFinding(
            .noListener,
            seen: "\(whom) sends to it",
            why: "so no mail comes through it",
            command: """
                aws elbv2 create-listener --load-balancer-arn ... --protocol TCP --port 25 --default-actions \
                Type=forward,TargetGroupArn=\(group.arn)
                """
        )
    }

    /// Postfix reads a header with IPv6 addresses only where it speaks IPv6 itself (postconf(5), inet_protocols).
    private static func refusing(_ loadBalancer: NetworkLoadBalancer) -> PlaceFinding {
        PlaceFinding(
            .refusesIPv6Senders,
            seen: "its load balancer \(loadBalancer.name) takes IPv6, but this instance has no IPv6 address",
            why: "so Postfix refuses the header that tells an IPv6 sender's address, and with it the mail",
            advice: "give it one ('aws ec2 assign-ipv6-addresses'), or take no IPv6",
            command: """
                aws elbv2 set-ip-address-type --load-balancer-arn \(loadBalancer.arn) --ip-address-type ipv4
                """
        )
    }

    private static func elsewhere(_ loadBalancer: NetworkLoadBalancer, _ node: RegisteredInstance) -> PlaceFinding {
        PlaceFinding(
            .zoneNotEnabled,
            seen: """
                its load balancer \(loadBalancer.name) is not enabled in \(node.availabilityZone), where this instance is
                """,
            why: "so it sends it nothing",
            advice: "add a subnet there",
            command: "aws elbv2 set-subnets --load-balancer-arn \(loadBalancer.arn) --subnets ..."
        )
    }
}
