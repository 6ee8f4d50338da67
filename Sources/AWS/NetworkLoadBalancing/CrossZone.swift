/// The calls about network load balancers that only the doctor makes.
package protocol CrossZoneDescribing: Sendable {
    /// Whether each zone of a load balancer sends to the targets of all.
    func isCrossZone(_ loadBalancer: NetworkLoadBalancer) async throws(AWSFailure) -> Bool
}

extension NetworkLoadBalancingClient: CrossZoneDescribing {
    package func isCrossZone(_ loadBalancer: NetworkLoadBalancer) async throws(AWSFailure) -> Bool {
        let answer = try await client.call("DescribeLoadBalancerAttributes", [("LoadBalancerArn", loadBalancer.arn)])
        let attributes = answer["DescribeLoadBalancerAttributesResult"]?.list("Attributes") ?? []
        return attributes.contains {
            $0.value("Key") == "load_balancing.cross_zone.enabled" && $0.value("Value") == "true"
        }
    }
}
