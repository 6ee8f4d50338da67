package import Vocabulary

/// What of this instance and its health check matters to load balancers.
package struct RelayInstance: Sendable {
    package let id: InstanceID
    package let vpcID: String
    package let availabilityZone: String
    package let address: IPAddress
    /// `nil` where it has none.
    package let ipv6Address: IPAddress?
    package let health: NodeSettings.Health

    package init(_ facts: NodeFacts, health: NodeSettings.Health) {
        self.init(
            id: facts.instanceID,
            vpcID: facts.vpcID,
            availabilityZone: facts.availabilityZone,
            address: facts.privateAddress,
            ipv6Address: facts.ipv6Addresses.first,
            health: health
        )
    }

    package init(
        id: InstanceID,
        vpcID: String,
        availabilityZone: String,
        address: IPAddress,
        ipv6Address: IPAddress? = nil,
        health: NodeSettings.Health = NodeSettings.Health()
    ) {
        self.id = id
        self.vpcID = vpcID
        self.availabilityZone = availabilityZone
        self.address = address
        self.ipv6Address = ipv6Address
        self.health = health
    }

    /// As a classic load balancer writes it.
    var healthCheck: String { "HTTP:\(health.port)\(health.path)" }
}

/// The ports that mail comes in by.
enum SMTPPort {
    static let all: Set<UInt16> = [25, 587]
}
