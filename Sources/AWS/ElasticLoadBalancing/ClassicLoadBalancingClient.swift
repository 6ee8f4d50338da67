package import Vocabulary

/// The classic load balancers' API, over the network.
package struct ClassicLoadBalancingClient: ClassicLoadBalancing {
    let client: QueryClient

    package init(_ client: QueryClient) {
        self.client = client
    }

    package func describe(_ name: ClassicLoadBalancerName) async throws(AWSFailure) -> ClassicLoadBalancer {
        let answer = try await client.call("DescribeLoadBalancers", [("LoadBalancerNames.member.1", "\(name)")])
        let descriptions = answer["DescribeLoadBalancersResult"]?.list("LoadBalancerDescriptions") ?? []
        guard let found = descriptions.first(where: { $0.value("LoadBalancerName") == "\(name)" }) ?? descriptions.first
        else { throw Self.unreadable("no description of \(name)") }
        return try ClassicLoadBalancer(found)
    }

    package func health(
        of instance: InstanceID,
        in name: ClassicLoadBalancerName
    ) async throws(AWSFailure) -> InstanceHealth? {
        let answer: XMLElement
        do throws(AWSFailure) {
            answer = try await client.call("DescribeInstanceHealth", Self.parameters(name, instance))
        } catch {
            if error.isUnregistered { return nil }
            throw error
        }
        let states = answer["DescribeInstanceHealthResult"]?.list("InstanceStates") ?? []
        guard let found = states.first(where: { $0.value("InstanceId") == "\(instance)" }) else { return nil }
        let health = InstanceHealth(
            state: InstanceHealth.State(rawValue: found.value("State") ?? "") ?? .unknown,
            reasonCode: found.value("ReasonCode") ?? "N/A",
            description: found.value("Description") ?? "N/A"
        )
        if health.isOfOneThatLeft { return nil }
        // Instances that were taken out can be Unknown as well as those that are in; the list of members knows.
        if health.state == .unknown, !(try await describe(name).instances.contains(instance)) { return nil }
        return health
    }

    package func register(_ instance: InstanceID, with name: ClassicLoadBalancerName) async throws(AWSFailure) {
        _ = try await client.call("RegisterInstancesWithLoadBalancer", Self.parameters(name, instance))
    }

    package func deregister(_ instance: InstanceID, from name: ClassicLoadBalancerName) async throws(AWSFailure) {
        let parameters = Self.parameters(name, instance)
        _ = try await client.call("DeregisterInstancesFromLoadBalancer", parameters) { $0.isUnregistered }
    }

    package func proxyProtocolPorts(of loadBalancer: ClassicLoadBalancer) async throws(AWSFailure) -> Set<UInt16> {
        // A policy's type can only be asked for, and the question costs a permission: most load balancers have none.
        guard loadBalancer.backendPolicies.values.contains(where: { !$0.isEmpty }) else { return [] }
        let answer = try await client.call(
            "DescribeLoadBalancerPolicies",
            [("LoadBalancerName", loadBalancer.name)]
        )
        let policies = answer["DescribeLoadBalancerPoliciesResult"]?.list("PolicyDescriptions") ?? []
        let names = policies.filter(Self.isProxyProtocol).compactMap { $0.value("PolicyName") }
        return Set(loadBalancer.backendPolicies.filter { $0.value.contains(where: names.contains) }.keys)
    }

    private static func isProxyProtocol(_ policy: XMLElement) -> Bool {
        policy.value("PolicyTypeName") == "ProxyProtocolPolicyType"
            && policy.list("PolicyAttributeDescriptions").contains {
                $0.value("AttributeName") == "ProxyProtocol" && $0.value("AttributeValue")?.lowercased() == "true"
            }
    }

    private static func parameters(_ name: ClassicLoadBalancerName, _ instance: InstanceID) -> [(String, String)] {
        [("LoadBalancerName", "\(name)"), ("Instances.member.1.InstanceId", "\(instance)")]
    }

    fileprivate static func unreadable(_ what: String) -> AWSFailure {
        AWSFailure(action: "elasticloadbalancing:DescribeLoadBalancers", reason: .unreadable(what))
    }
}

extension AWSFailure {
    /// Whether the load balancer does not have the instance. The API's reference has the one name, its answers the
    /// other.
    fileprivate var isUnregistered: Bool {
        error.map { ["InvalidInstance", "InvalidEndPoint"].contains($0.code) } ?? false
    }
}

extension InstanceHealth {
    /// Whether the instance is out or on its way out. The API goes on answering for instances that were registered
    /// once, and calls one that is being taken out in service still (salt PR #43435).
    fileprivate var isOfOneThatLeft: Bool {
        description.contains("not currently registered with the LoadBalancer")
            || description.contains("deregistration currently in progress")
    }
}

extension ClassicLoadBalancer {
    /// Reads a LoadBalancerDescription. An unreadable scheme or group is an error, since it decides which hosts may
    /// connect.
    fileprivate init(_ description: XMLElement) throws(AWSFailure) {
        // Load balancers of EC2-Classic had no scheme, and faced the internet.
        let schemeName = description.value("Scheme") ?? "internet-facing"
        guard let scheme = Scheme(rawValue: schemeName) else {
            throw ClassicLoadBalancingClient.unreadable("a scheme '\(schemeName)'")
        }
        var listeners: [Listener] = []
        for element in description.list("ListenerDescriptions") {
            guard let listener = element["Listener"].flatMap(Listener.init) else {
                throw ClassicLoadBalancingClient.unreadable("a listener without ports")
            }
            listeners.append(listener)
        }
        var policies: [UInt16: [String]] = [:]
        for element in description.list("BackendServerDescriptions") {
            guard let port = element.value("InstancePort").flatMap({ UInt16($0) }) else { continue }
            policies[port] = element.list("PolicyNames").map(\.text)
        }
        self.init(
            name: description.value("LoadBalancerName") ?? "",
            scheme: scheme,
            vpcID: description.value("VPCId"),
            securityGroups: description.list("SecurityGroups").map(\.text),
            listeners: listeners,
            healthCheckTarget: description["HealthCheck"]?.value("Target") ?? "",
            dnsName: description.value("DNSName") ?? "",
            availabilityZones: description.list("AvailabilityZones").map(\.text),
            subnets: description.list("Subnets").map(\.text),
            backendPolicies: policies,
            instances: description.list("Instances").compactMap { element in
                element.value("InstanceId").flatMap { try? InstanceID($0) }
            }
        )
    }
}

extension ClassicLoadBalancer.Listener {
    fileprivate init?(_ element: XMLElement) {
        guard let outside = element.value("LoadBalancerPort").flatMap({ UInt16($0) }),
            let inside = element.value("InstancePort").flatMap({ UInt16($0) })
        else { return nil }
        let outer = element.value("Protocol") ?? "TCP"
        self.init(
            loadBalancerPort: outside,
            instancePort: inside,
            loadBalancerProtocol: outer,
            instanceProtocol: element.value("InstanceProtocol") ?? outer
        )
    }
}
