package import AWS

/// The whole internet can reach this node itself, and Postfix believes the PROXY protocol's header of every host.
package struct ForgeableDoor: PlaceRefusal {
    package let name: String
    /// The openings of this instance's security groups that let it in.
    package let openings: [Ingress.Opening]
    package let port: UInt16

    package var why: String {
        """
        this instance has a public address, its \(openings.summary) the internet in on port \(port) \
        (\(openings.sources)), and with mail.proxy_protocol every host that reaches it can write a header that names a host of \
        mail.networks, so this would be an open relay; \(cure), or set load_balancer.allow_open_to_world = true
        """
    }

    package var cure: String { "let in only the load balancer (\(openings.revocations))" }
}

extension RegisteredInstance {
    /// - Parameter name: Of the load balancer that the node would join.
    /// - Throws: `ForgeableDoor`, or `UnclearDoor` and what the API's calls throw where it can't be told.
    func refuseForgeableDoor(_ name: String, _ ec2: any EC2Describing) async throws {
        guard isProxied, let securityGroups else { return }
        let groups = try await securityGroups()
        guard !groups.isEmpty else { return }
        try await ec2.refuseOpenPorts(ports, of: groups, name: name) { openings, port in
            ForgeableDoor(name: name, openings: openings, port: port)
        }
    }
}
