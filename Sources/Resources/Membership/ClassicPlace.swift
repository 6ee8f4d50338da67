package import AWS
package import Vocabulary

/// The node's place in a classic load balancer.
package struct ClassicPlace: LoadBalancerPlace {
    private let loadBalancer: ClassicLoadBalancerName
    private let node: RegisteredInstance
    private let allowOpenToWorld: Bool
    private let elb: any ClassicLoadBalancing
    private let ec2: any EC2Describing

    /// - Parameter allowOpenToWorld: `load_balancer.allow_open_to_world`.
    package init(
        _ loadBalancer: ClassicLoadBalancerName,
        node: RegisteredInstance,
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
                check the load balancer's (wanted: \(node.healthCheck)), and whether its security group reaches \
                this instance's
                """
        )
    }

    package func side() async -> String { await node.side(allowOpenToWorld: allowOpenToWorld) }

    package func review() async throws -> PlaceReview {
        let found = try await elb.describe(loadBalancer)
        // Its health checks have no header in any case, so they do not show a disagreement.
        let shown = try await elb.proxyProtocolPorts(of: found)
        if let disagreement = disagreement(with: found, shown) { throw disagreement }
        if !allowOpenToWorld {
            try await askAll([
                { try await node.refuseForgeableDoor(name, ec2) }, { try await refuseOpenDoor(of: found, shown) },
            ])
        }
        return PlaceReview(findings: { ClassicReview(found, node: node).findings }, way: { try way(through: found) })
    }

    private func disagreement(with found: ClassicLoadBalancer, _ shown: Set<UInt16>) -> ProxyProtocolDisagreement? {
        let ports = Set(found.listeners.map(\.instancePort)).intersection(node.ports)
        let others = ports.filter { shown.contains($0) != node.isProxied }.sorted()
        guard !others.isEmpty else { return nil }
        return ProxyProtocolDisagreement(
            classic: loadBalancer,
            isExpected: node.isProxied,
            ports: others,
            policies: { found.backendPolicies[$0] ?? [] }
        )
    }

    package func join() async throws { try await elb.register(node.id, with: loadBalancer) }

    package func leave() async throws { try await elb.deregister(node.id, from: loadBalancer) }

    package func wayToOthers() async throws -> String? {
        let found = try await elb.describe(loadBalancer)
        return found.instances.contains { $0 != node.id } ? try way(through: found) : nil
    }

    private func way(through found: ClassicLoadBalancer) throws -> String? {
        // The others relay nothing for the public address that they would see, and would refuse the mail.
        guard found.scheme != .internetFacing,
            let listener = found.listeners.first(where: { $0.instancePort == 25 && $0.loadBalancerProtocol == "TCP" })
        else { return nil }
        if node.isProxied, let refusal = node.whyRefused { throw refusal }
        return "[\(try DomainName(found.dnsName))]:\(listener.loadBalancerPort)"
    }

    /// - Parameter shown: The ports on which the PROXY protocol shows the sender's address, so that they are not masked.
    private func refuseOpenDoor(of found: ClassicLoadBalancer, _ shown: Set<UInt16>) async throws {
        guard found.scheme == .internetFacing else { return }
        let smtp = found.listeners.filter { MailPort.all.contains($0.instancePort) && !shown.contains($0.instancePort) }
        let doors = MaskedDoors(
            name: name,
            masked: "the sender",
            unmasking: "let it send the senders' addresses (mail.proxy_protocol = true)",
            ports: smtp.map(\.loadBalancerPort),
            securityGroups: found.securityGroups,
            families: [.ipv4, .ipv6]
        )
        try await doors.refuseIfOpen(ec2)
    }
}
