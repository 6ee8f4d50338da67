package import Vocabulary

/// The parts of this instance and of its health check that matter to load balancers.
package struct RegisteredInstance: Sendable {
    package let id: InstanceID
    package let vpcID: String
    package let availabilityZone: String
    package let address: IPAddress
    /// `nil` where it has none.
    package let ipv6Address: IPAddress?
    package let health: NodeSettings.Health
    /// The ports that mail is taken on.
    package let ports: [UInt16]
    /// `mail.proxy_protocol`: whether these, and the health checks of target groups, are to begin with a header.
    package let isProxied: Bool
    /// Whether a relay with the settings of this one relays this one's own mail, or is never handed any.
    package let isAllowed: Bool
    /// Asks for the ids of the security groups of its interfaces that the internet could reach; `nil` where it has none.
    package let securityGroups: (@Sendable () async throws -> [String])?

    /// - Parameters:
    ///   - isAllowed: Whether its own address is in `mail.networks`.
    ///   - securityGroups: Asks for the ids of those of its interfaces that the internet could reach.
    package init(
        _ facts: InstanceFacts,
        _ settings: NodeSettings,
        isAllowed: Bool,
        securityGroups: @escaping @Sendable () async throws -> [String]
    ) {
        self.init(
            id: facts.instanceID,
            vpcID: facts.vpcID,
            availabilityZone: facts.availabilityZone,
            address: facts.privateAddress,
            ipv6Address: facts.ipv6Addresses.first,
            health: settings.health,
            ports: settings.mail.ports,
            isProxied: settings.mail.proxyProtocol,
            isAllowed: isAllowed || !settings.shutdown.evacuateQueue,
            securityGroups: securityGroups
        )
    }

    package init(
        id: InstanceID,
        vpcID: String,
        availabilityZone: String,
        address: IPAddress,
        ipv6Address: IPAddress? = nil,
        health: NodeSettings.Health = NodeSettings.Health(),
        ports: [UInt16] = [25],
        isProxied: Bool = false,
        isAllowed: Bool = true,
        securityGroups: (@Sendable () async throws -> [String])? = nil
    ) {
        self.id = id
        self.vpcID = vpcID
        self.availabilityZone = availabilityZone
        self.address = address
        self.ipv6Address = ipv6Address
        self.health = health
        self.ports = ports
        self.isProxied = isProxied
        self.isAllowed = isAllowed
        self.securityGroups = securityGroups
    }

    /// The values that decide whether the node may be in a load balancer.
    ///
    /// - Parameter allowOpenToWorld: `load_balancer.allow_open_to_world`.
    func side(allowOpenToWorld: Bool) async -> String {
        // Groups that can't be read are no change; the question itself reports why.
        let groups = isProxied ? (try? await securityGroups?())?.joined(separator: " ") : nil
        return "open: \(allowOpenToWorld), proxied: \(isProxied), ports: \(ports), groups: \(groups ?? "")"
    }

    /// The health check as a classic load balancer writes it; its checks have no header.
    var healthCheck: String { "HTTP:\(health.port)\(health.path)" }

    /// The port of the health checks of target groups, which have a header where mail has.
    var groupHealthPort: UInt16 { HealthPorts(health, isProxied: isProxied).proxied ?? health.port }

    /// The same of a target group.
    var groupHealthCheck: String { "HTTP:\(groupHealthPort)\(health.path)" }

    /// Why the other relays would refuse this one's mail, where they see its own address.
    var whyRefused: HandOverRefused? { isAllowed ? nil : HandOverRefused(address: address) }
}

/// The other relays would not relay for this one.
package struct HandOverRefused: Error, CustomStringConvertible {
    package let address: IPAddress

    package var description: String {
        """
        the other relays see this node's own address, \(address), which is not in mail.networks, so they would refuse its \
        mail; name the relays' subnets there, too
        """
    }
}
