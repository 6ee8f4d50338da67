package import AWS
package import Vocabulary

/// The node's place in a target group of a network load balancer.
package struct TargetGroupPlace: LoadBalancerPlace {
    private let group: TargetGroupARN
    private let node: RegisteredInstance
    private let allowOpenToWorld: Bool
    private let elb: any NetworkLoadBalancing
    private let ec2: any EC2Describing
    private let postfix: @Sendable () async -> PostfixVersion?

    /// - Parameters:
    ///   - allowOpenToWorld: `load_balancer.allow_open_to_world`.
    ///   - postfix: The version of the Postfix that is installed; `nil` where there is none yet.
    package init(
        _ group: TargetGroupARN,
        node: RegisteredInstance,
        allowOpenToWorld: Bool,
        elb: any NetworkLoadBalancing,
        ec2: any EC2Describing,
        postfix: @escaping @Sendable () async -> PostfixVersion?
    ) {
        self.group = group
        self.node = node
        self.allowOpenToWorld = allowOpenToWorld
        self.elb = elb
        self.ec2 = ec2
        self.postfix = postfix
    }

    package var name: String { "target group \(group.name)" }
    package var member: String { "\(node.id)" }

    package func standing() async throws -> Standing {
        let health = try await elb.health(of: try await target(), in: group)
        let code = [health.reason, health.description.escapedForDisplay].filter { !$0.isEmpty }
        return Standing(
            health.position,
            state: health.isNotRegistered ? "not registered" : health.state.rawValue,
            reason: health.isNotRegistered ? "" : code.joined(separator: ": "),
            advice: advice(on: health)
        )
    }

    package func side() async -> String { await node.side(allowOpenToWorld: allowOpenToWorld) }

    package func review() async throws -> PlaceReview {
        let found = try await elb.targetGroup(group)
        let attributes = try await elb.attributes(of: found)
        guard attributes.usesProxyProtocol == node.isProxied else {
            throw ProxyProtocolDisagreement(targetGroup: group, isExpected: node.isProxied)
        }
        if node.isProxied, let version = await postfix(), version < .readingProxyVersion2 {
            throw PostfixReadsOnlyVersion1(name: name, version: version)
        }
        if !allowOpenToWorld {
            try await askAll([
                { try await node.refuseForgeableDoor(name, ec2) }, { try await refuseOpenDoors(to: found, attributes) },
            ])
        }
        return PlaceReview(
            findings: { TargetGroupReview(found, try await sending(to: found), node: node).findings },
            way: { try await way(to: found) }
        )
    }

    package func join() async throws { try await elb.register(try await target(), with: group) }

    package func leave() async throws { try await elb.deregister(try await target(), from: group) }

    package func wayToOthers() async throws -> String? {
        let own = try await target()
        guard try await elb.health(in: group).contains(where: { $0.state == .healthy && $0.target != own }) else {
            return nil
        }
        return try await way(to: try await elb.targetGroup(group))
    }

    private func way(to found: TargetGroup) async throws -> String? {
        if let refusal = node.whyRefused {
            let attributes = try await elb.attributes(of: found)
            if attributes.preservesClientAddress || attributes.usesProxyProtocol { throw refusal }
        }
        // The others relay nothing for the public address that they would see, and the mail would bounce.
        for (loadBalancer, listeners) in try await sending(to: found) where !loadBalancer.isInternetFacing {
            guard let listener = listeners.first(where: { $0.protocol.hasPrefix("TCP") }) else { continue }
            return "[\(try DomainName(loadBalancer.dnsName))]:\(listener.port)"
        }
        return nil
    }

    /// The node's name in the group.
    private func target() async throws -> String {
        let addressing = try await elb.addressing(of: group)
        switch addressing.targetType {
        case .instance: return "\(node.id)"
        case .ip:
            guard let address = addressing.isIPv6 ? node.ipv6Address : node.address else {
                throw NoIPv6Address(name: name)
            }
            return "\(address)"
        case .other(let type): throw UnsuitableTargetGroup(name: name, type: type)
        }
    }

    /// The load balancers that send to a group, each with the listeners that do.
    private func sending(
        to found: TargetGroup
    ) async throws -> [(NetworkLoadBalancer, [NetworkLoadBalancer.Listener])] {
        var sending: [(NetworkLoadBalancer, [NetworkLoadBalancer.Listener])] = []
        for loadBalancer in try await elb.loadBalancers(of: found) {
            sending.append((loadBalancer, try await listeners(of: loadBalancer)))
        }
        return sending
    }

    /// The listeners of a load balancer that send to this group.
    private func listeners(of loadBalancer: NetworkLoadBalancer) async throws -> [NetworkLoadBalancer.Listener] {
        try await elb.listeners(of: loadBalancer).filter { $0.targetGroups.contains("\(group)") }
    }

    private func refuseOpenDoors(to found: TargetGroup, _ attributes: TargetGroup.Attributes) async throws {
        // The PROXY protocol shows every sender's address, in both families.
        guard !attributes.usesProxyProtocol else { return }
        let loadBalancers = try await elb.internetFacingLoadBalancers(of: found)
        try await askAll(
            loadBalancers.map { loadBalancer in
                { try await doors(of: loadBalancer, to: found, attributes).refuseIfOpen(ec2) }
            }
        )
    }

    /// The doors of an internet-facing load balancer that lead to this group and hide the senders' addresses.
    private func doors(
        of loadBalancer: NetworkLoadBalancer,
        to found: TargetGroup,
        _ attributes: TargetGroup.Attributes
    ) async throws -> MaskedDoors {
        let clients: Set<IPAddress.Family> = loadBalancer.isDualStack ? [.ipv4, .ipv6] : [.ipv4]
        // Where clients speak IPv6 and targets IPv4, no client's address can be kept (Network Load Balancers, "Client IP
        // preservation").
        let translated: Set<IPAddress.Family> = found.addressing.isIPv6 ? [] : [.ipv6]
        let families = attributes.preservesClientAddress ? clients.intersection(translated) : clients
        return MaskedDoors(
            name: "\(name) (load balancer \(loadBalancer.name))",
            masked: attributes.preservesClientAddress ? "an IPv6 sender" : "the sender",
            unmasking: attributes.preservesClientAddress ? unmaskingIPv6(of: loadBalancer) : unmasking,
            ports: families.isEmpty ? [] : try await listeners(of: loadBalancer).map(\.port),
            securityGroups: loadBalancer.securityGroups,
            families: families
        )
    }

    private var unmasking: String {
        """
        show the senders' addresses ('aws elbv2 modify-target-group-attributes --target-group-arn \(group) \
        --attributes Key=preserve_client_ip.enabled,Value=true')
        """
    }

    private func unmaskingIPv6(of loadBalancer: NetworkLoadBalancer) -> String {
        """
        take no IPv6 ('aws elbv2 set-ip-address-type --load-balancer-arn \(loadBalancer.arn) --ip-address-type ipv4')
        """
    }

    /// The advice for each reason (ELB API 2015-12-01, TargetHealth, Reason).
    private func advice(on health: TargetHealth) -> String {
        switch health.reason {
        case "Target.FailedHealthChecks", "Target.Timeout":
            """
            check the group's (wanted: \(node.groupHealthCheck)), and whether this instance's security group and the \
            subnet's network ACL let the load balancer in on port \(node.groupHealthPort)
            """
        case "Target.ResponseCodeMismatch":
            """
            check the group's (wanted: \(node.groupHealthCheck), with 200 as the only success code), and whether the \
            load balancer's addresses are in the VPC's ranges, which nginx answers
            """
        case "Target.NotInUse":
            """
            check whether a listener of a load balancer forwards to the group, and whether that load balancer is \
            enabled in \(node.availabilityZone)
            """
        case "Target.InvalidState": "EC2 does not call this instance running"
        case "Target.IpUnusable": "the address belongs to a load balancer"
        case let code where code.hasPrefix("Elb."): "this is a problem of the load balancer's own, and ends by itself"
        default: ""
        }
    }
}

extension TargetHealth {
    fileprivate var position: Standing.Position {
        switch state {
        case .healthy: .inService
        case .initial: .arriving
        case .draining: .leaving
        case .unused where isNotRegistered: .out
        default: .failing
        }
    }
}

/// The target group is one of functions or of load balancers.
package struct UnsuitableTargetGroup: Error, CustomStringConvertible {
    package let name: String
    package let type: String

    package var description: String {
        "can't join \(name): its target type is '\(type.escapedForDisplay)'; make a group of type 'instance' or 'ip'"
    }
}

/// The target group is one of IPv6 addresses.
package struct NoIPv6Address: Error, CustomStringConvertible {
    package let name: String

    package var description: String {
        """
        can't join \(name): its targets are IPv6 addresses, and this instance has none; give it one \
        ('aws ec2 assign-ipv6-addresses'), or use a group of IPv4 addresses or of instances
        """
    }
}
