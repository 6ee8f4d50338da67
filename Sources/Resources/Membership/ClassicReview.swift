import AWS

/// What is wrong with a classic load balancer itself, as far as it can be seen from outside.
struct ClassicReview {
    /// One sentence each, with the cure.
    let findings: [String]

    init(_ found: ClassicLoadBalancer, node: RelayInstance) {
        var findings: [String] = []
        let target = found.healthCheckTarget
        if target.hasPrefix("TCP:") || target.hasPrefix("SSL:") {
            findings.append(
                """
                its health check is \(target), which says nothing of the relay's health and fills the mail log with \
                connections; set it to \(node.healthCheck) \
                ('aws elb configure-health-check --load-balancer-name \(found.name) --health-check \
                Target=\(node.healthCheck),Interval=10,Timeout=5,UnhealthyThreshold=2,HealthyThreshold=2')
                """
            )
        } else if target != node.healthCheck {
            findings.append("its health check is \(target), but this node answers \(node.healthCheck)")
        }
        if !found.listeners.contains(where: { SMTPPort.all.contains($0.loadBalancerPort) }) {
            findings.append(
                """
                it has no listener on port 25 or 587, so no mail comes through it \
                ('aws elb create-load-balancer-listeners --load-balancer-name \(found.name) --listeners \
                Protocol=TCP,LoadBalancerPort=25,InstanceProtocol=TCP,InstancePort=25')
                """
            )
        }
        if let vpcID = found.vpcID, vpcID != node.vpcID {
            findings.append("it is in \(vpcID), but this instance is in \(node.vpcID), so it can't reach it")
        }
        self.findings = findings
    }
}
