package import Vocabulary

/// The attributes with which a classic load balancer treats connections (ELB API 2012-06-01, LoadBalancerAttributes).
package struct ClassicAttributes: Sendable, Equatable {
    /// Seconds after which a silent connection is cut.
    package let idleTimeout: Int
    /// Whether each of its zones sends to the instances of all.
    package let isCrossZone: Bool

    package init(idleTimeout: Int, isCrossZone: Bool) {
        self.idleTimeout = idleTimeout
        self.isCrossZone = isCrossZone
    }
}

/// The calls about classic load balancers that only the doctor makes.
package protocol ClassicAttributesDescribing: Sendable {
    func attributes(of name: ClassicLoadBalancerName) async throws(AWSFailure) -> ClassicAttributes
}

extension ClassicLoadBalancingClient: ClassicAttributesDescribing {
    package func attributes(of name: ClassicLoadBalancerName) async throws(AWSFailure) -> ClassicAttributes {
        let answer = try await client.call("DescribeLoadBalancerAttributes", [("LoadBalancerName", "\(name)")])
        let found = answer["DescribeLoadBalancerAttributesResult"]?["LoadBalancerAttributes"]
        return ClassicAttributes(
            // AWS's default.
            idleTimeout: found?["ConnectionSettings"]?.value("IdleTimeout").flatMap { Int($0) } ?? 60,
            isCrossZone: found?["CrossZoneLoadBalancing"]?.value("Enabled")?.lowercased() == "true"
        )
    }
}
