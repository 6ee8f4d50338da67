import AWS
import Vocabulary

/// What is wrong with a target group itself or with what sends to it, as far as it can be seen from outside.
struct TargetGroupReview {
    /// One sentence each, with the cure.
    let findings: [String]

    /// - Parameter loadBalancers: Those that send to the group, each with the listeners that do.
    init(
        _ group: TargetGroup,
        _ loadBalancers: [(NetworkLoadBalancer, [NetworkLoadBalancer.Listener])],
        node: RelayInstance
    ) {
        var findings: [String] = []
        if let wrong = Self.wrongHealthCheck(of: group, node) { findings.append(wrong) }
        if !["TCP", "TCP_UDP"].contains(group.protocol) {
            findings.append("its protocol is \(group.protocol), but Postfix speaks plain TCP; make a group of TCP")
        }
        if !SMTPPort.all.contains(group.port) {
            findings.append("its port is \(group.port), but mail comes in by 25 or 587; make a group of such a port")
        }
        if let vpcID = group.vpcID, vpcID != node.vpcID {
            findings.append("it is in \(vpcID), but this instance is in \(node.vpcID), so it can't reach it")
        }
        if loadBalancers.isEmpty { findings.append(Self.unused(group, by: "no load balancer")) }
        for (loadBalancer, listeners) in loadBalancers {
            if !listeners.contains(where: { SMTPPort.all.contains($0.port) }) {
                findings.append(Self.unused(group, by: "no listener of \(loadBalancer.name) on port 25 or 587"))
            }
            if !loadBalancer.availabilityZones.contains(node.availabilityZone) {
                findings.append(
                    """
                    its load balancer \(loadBalancer.name) is not enabled in \(node.availabilityZone), where this \
                    instance is, so it sends it nothing; add a subnet there ('aws elbv2 set-subnets \
                    --load-balancer-arn \(loadBalancer.arn) --subnets ...')
                    """
                )
            }
        }
        self.findings = findings
    }

    private static func wrongHealthCheck(of group: TargetGroup, _ node: RelayInstance) -> String? {
        let check = group.healthCheck
        let port = check.port == "traffic-port" ? "\(group.port)" : check.port
        if check.protocol == "HTTP", port == "\(node.health.port)", check.path == "\(node.health.path)" { return nil }
        let shown = "\(check.protocol):\(port)\(check.path ?? "")"
        let isOfMail = check.protocol == "TCP" || SMTPPort.all.map { "\($0)" }.contains(port)
        let what =
            isOfMail
            ? "which says nothing of the relay's health and fills the mail log with connections"
            : "but this node answers \(node.healthCheck)"
        return """
            its health check is \(shown), \(what); set it to \(node.healthCheck) ('aws elbv2 modify-target-group \
            --target-group-arn \(group.arn) --health-check-protocol HTTP --health-check-port \(node.health.port) \
            --health-check-path \(node.health.path)')
            """
    }

    private static func unused(_ group: TargetGroup, by whom: String) -> String {
        """
        \(whom) sends to it, so no mail comes through it ('aws elbv2 create-listener --load-balancer-arn ... \
        --protocol TCP --port 25 --default-actions Type=forward,TargetGroupArn=\(group.arn)')
        """
    }
}
