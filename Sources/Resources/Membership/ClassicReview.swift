import AWS
import Vocabulary

/// The faults of a classic load balancer itself, as far as the API shows them.
struct ClassicReview {
    let findings: [PlaceFinding]

    init(_ found: ClassicLoadBalancer, node: RegisteredInstance) {
        var findings: [PlaceFinding] = []
        if let wrong = Self.wrongHealthCheck(of: found, node) { findings.append(wrong) }
        if !found.listeners.contains(where: { MailPort.all.contains($0.loadBalancerPort) }) {
            findings.append(
                PlaceFinding(
                    .noListener,
                    seen: "it has no listener on port 25 or 587",
                    why: "so no mail comes through it",
                    command: """
                        aws elb create-load-balancer-listeners --load-balancer-name \(found.name) --listeners \
                        Protocol=TCP,LoadBalancerPort=25,InstanceProtocol=TCP,InstancePort=25
                        """
                )
            )
        }
        if let vpcID = found.vpcID, vpcID != node.vpcID {
            findings.append(.otherVPC(vpcID, node))
        }
        self.findings = findings + [PlaceFinding.handOver(of: node)].compactMap(\.self)
    }

    private static func wrongHealthCheck(of found: ClassicLoadBalancer, _ node: RegisteredInstance) -> PlaceFinding? {
        let target = found.healthCheckTarget
        if target == node.healthCheck { return nil }
        let isOfMail = target.hasPrefix("TCP:") || target.hasPrefix("SSL:")
        return PlaceFinding(
            isOfMail ? .healthCheckOfMail : .wrongHealthCheck,
            seen: "its health check is \(target)",
            why: isOfMail
                ? "which says nothing of the relay's health and fills the mail log with connections"
                : "but this node answers \(node.healthCheck)",
            advice: "set it to \(node.healthCheck)",
            command: """
                aws elb configure-health-check --load-balancer-name \(found.name) --health-check \
                Target=\(node.healthCheck),Interval=10,Timeout=5,UnhealthyThreshold=2,HealthyThreshold=2
                """
        )
    }
}

extension PlaceFinding {
    static func otherVPC(_ vpcID: String, _ node: RegisteredInstance) -> PlaceFinding {
        PlaceFinding(
            .otherVPC,
            seen: "it is in \(vpcID), but this instance is in \(node.vpcID)",
            why: "so it can't reach it",
            advice: "use one in \(node.vpcID)"
        )
    }
}
