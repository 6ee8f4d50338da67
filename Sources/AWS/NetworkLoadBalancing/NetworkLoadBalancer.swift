/// A load balancer of the second generation, as far as a relay node has to know it (ELB API 2015-12-01, LoadBalancer).
package struct NetworkLoadBalancer: Sendable, Equatable {
    package let arn: String
    package let name: String
    package let isInternetFacing: Bool
    /// Whether it takes connections by IPv6 besides IPv4.
    package let isDualStack: Bool
    /// The security groups. A load balancer that was made without any lets in every host that can reach it.
    package let securityGroups: [String]
    /// The name that senders use.
    package let dnsName: String
    /// The names of the zones that it is enabled in; it uses no targets in others.
    package let availabilityZones: [String]
    /// Its subnets, one a zone.
    package let subnets: [String]

    package init(
        arn: String,
        name: String,
        isInternetFacing: Bool = false,
        isDualStack: Bool = false,
        securityGroups: [String] = [],
        dnsName: String = "",
        availabilityZones: [String] = [],
        subnets: [String] = []
    ) {
        self.arn = arn
        self.name = name
        self.isInternetFacing = isInternetFacing
        self.isDualStack = isDualStack
        self.securityGroups = securityGroups
        self.dnsName = dnsName
        self.availabilityZones = availabilityZones
        self.subnets = subnets
    }

    /// A port that it listens on (ELB API 2015-12-01, Listener).
    package struct Listener: Sendable, Equatable {
        package let port: UInt16
        /// `TCP`, `TLS`, `UDP` or `TCP_UDP`.
        package let `protocol`: String
        /// The ARNs of the groups that it sends to.
        package let targetGroups: [String]

        package init(port: UInt16, protocol: String = "TCP", targetGroups: [String]) {
            self.port = port
            self.protocol = `protocol`
            self.targetGroups = targetGroups
        }
    }
}
