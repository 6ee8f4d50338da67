package import AWS
package import Vocabulary

/// The node's place in a classic load balancer.
package struct ClassicPlace: LoadBalancerPlace {
    private let loadBalancer: ClassicLoadBalancerName
    private let node: RelayInstance
    private let allowOpenToWorld: Bool
    private let elb: any ClassicLoadBalancing
    private let ec2: any EC2Describing

    /// - Parameter allowOpenToWorld: `load_balancer.allow_open_to_world`.
    package init(
        _ loadBalancer: ClassicLoadBalancerName,
        node: RelayInstance,
        allowOpenToWorld: Bool,
        elb: any ClassicLoadBalancing,
        ec2: any EC2Describing
    ) {
        self.loadBalancer = loadBalancer
        self.node = node
        self.allowOpenToWorld = allowOpenToWorld
        self.elb = elb
        self.ec2 = ec2
    }

    package var name: String { "load balancer \(loadBalancer)" }
    package var member: String { "\(node.id)" }

    package func standing() async throws -> Standing {
        guard let health = try await elb.health(of: node.id, in: loadBalancer) else {
            return Standing(.out, state: "not registered")
        }
        if health.state == .inService { return Standing(.inService, state: health.state.rawValue) }
        return Standing(
            .failing,
            state: health.state.rawValue,
            reason: "\(health.reasonCode): \(health.description.escapedForDisplay)",
            advice: """
                look at the load balancer's (wanted: \(node.healthCheck)), and at whether its security group reaches \
                this instance's
                """
        )
    }

    package func review() async throws -> [String] {
        let found = try await elb.describe(loadBalancer)
        try await refuseOpenDoor(of: found)
        return ClassicReview(found, node: node).findings
    }

    package func join() async throws { try await elb.register(node.id, with: loadBalancer) }

    package func leave() async throws { try await elb.deregister(node.id, from: loadBalancer) }

    package func wayToOthers() async throws -> String? {
        let found = try await elb.describe(loadBalancer)
        guard found.instances.contains(where: { $0 != node.id }),
            let listener = found.listeners.first(where: { $0.instancePort == 25 && $0.loadBalancerProtocol == "TCP" })
        else { return nil }
        return "[\(try DomainName(found.dnsName))]:\(listener.loadBalancerPort)"
    }

    private func refuseOpenDoor(of found: ClassicLoadBalancer) async throws {
        guard found.scheme == .internetFacing, !allowOpenToWorld else { return }
        // The PROXY protocol would show the sender's address; ports that have it are not masked.
        let shown = try await elb.proxyProtocolPorts(of: found)
        let smtp = found.listeners.filter { SMTPPort.all.contains($0.instancePort) && !shown.contains($0.instancePort) }
        let groups = try await ec2.securityGroups(found.securityGroups)
        for listener in smtp {
            if let group = groups.first(where: { $0.opensToWorld(port: listener.loadBalancerPort) }) {
                throw OpenDoor(
                    name: name,
                    door: .securityGroup(group.id),
                    port: listener.loadBalancerPort,
                    masked: "the sender",
                    unmasking: nil
                )
            }
        }
    }
}
