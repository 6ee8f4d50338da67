package import Vocabulary

/// The classic load balancers' API, over the network.
package struct ClassicLoadBalancingClient: ClassicLoadBalancing {
    private let client: QueryClient

    package init(_ client: QueryClient) {
        self.client = client
    }

    package func describe(_ name: ClassicLoadBalancerName) async throws(AWSFailure) -> ClassicLoadBalancer {
        let answer = try await client.call("DescribeLoadBalancers", [("LoadBalancerNames.member.1", "\(name)")])
        guard let found = answer["DescribeLoadBalancersResult"]?.list("LoadBalancerDescriptions").first,
            let scheme = ClassicLoadBalancer.Scheme(rawValue: found.value("Scheme") ?? "internet-facing")
        else {
            throw AWSFailure(
                action: "elasticloadbalancing:DescribeLoadBalancers",
                reason: .unreadable("no description of \(name)")
            )
        }
        return ClassicLoadBalancer(
            name: found.value("LoadBalancerName") ?? "\(name)",
            scheme: scheme,
            vpcID: found.value("VPCId"),
            securityGroups: found.list("SecurityGroups").map(\.text),
            listeners: found.list("ListenerDescriptions").compactMap { Self.listener($0["Listener"]) },
            healthCheckTarget: found["HealthCheck"]?.value("Target") ?? ""
        )
    }

    package func health(
        of instance: InstanceID,
        in name: ClassicLoadBalancerName
    ) async throws(AWSFailure) -> InstanceHealth? {
        let answer: XMLElement
        do throws(AWSFailure) {
            answer = try await client.call(
                "DescribeInstanceHealth",
                [("LoadBalancerName", "\(name)"), ("Instances.member.1.InstanceId", "\(instance)")]
            )
        } catch {
            // The API's name for an instance that is not registered is InvalidInstance.
            if let code = error.error?.code, ["InvalidInstance", "InvalidEndPoint"].contains(code) { return nil }
            throw error
        }
        let states = answer["DescribeInstanceHealthResult"]?.list("InstanceStates") ?? []
        guard let found = states.first(where: { $0.value("InstanceId") == "\(instance)" }) else { return nil }
        return InstanceHealth(
            state: InstanceHealth.State(rawValue: found.value("State") ?? "") ?? .unknown,
            reasonCode: found.value("ReasonCode") ?? "N/A",
            description: found.value("Description") ?? "N/A"
        )
    }

    package func register(_ instance: InstanceID, with name: ClassicLoadBalancerName) async throws(AWSFailure) {
        _ = try await client.call(
            "RegisterInstancesWithLoadBalancer",
            [("LoadBalancerName", "\(name)"), ("Instances.member.1.InstanceId", "\(instance)")]
        )
    }

    private static func listener(_ element: XMLElement?) -> ClassicLoadBalancer.Listener? {
        guard let element, let outside = element.value("LoadBalancerPort").flatMap({ UInt16($0) }),
            let inside = element.value("InstancePort").flatMap({ UInt16($0) })
        else { return nil }
        return ClassicLoadBalancer.Listener(loadBalancerPort: outside, instancePort: inside)
    }
}
