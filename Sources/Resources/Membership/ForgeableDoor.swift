import AWS

/// The whole internet reaches this node itself, and Postfix believes the header of the PROXY protocol of whoever does.
package struct ForgeableDoor: Error, CustomStringConvertible {
    /// As an operator names it.
    package let name: String
    package let group: String
    package let port: UInt16

    package var description: String {
        """
        will not join \(name): this instance has an address in the internet, its security group \(group) lets the whole \
        internet in on port \(port), and with mail.proxy_protocol whoever comes there can write a header that makes it a \
        host of mail.networks, so this would be an open relay; \(cure), or set load_balancer.allow_open_to_world = true
        """
    }

    package var cure: String {
        """
        let in only the load balancer ('aws ec2 revoke-security-group-ingress --group-id \(group) --protocol tcp --port \
        \(port) --cidr 0.0.0.0/0')
        """
    }
}

extension RelayInstance {
    /// - Parameter name: Of the load balancer that the node would join.
    /// - Throws: `ForgeableDoor`, or what the API's calls throw.
    func refuseForgeableDoor(_ name: String, _ ec2: any EC2Describing) async throws {
        guard isProxied, let securityGroups else { return }
        let groups = try await ec2.securityGroups(try await securityGroups())
        for port in ports {
            if let open = groups.first(where: { $0.opensToWorld(port: port) }) {
                throw ForgeableDoor(name: name, group: open.id, port: port)
            }
        }
    }
}
