/// The ports that the health check is answered on, by who asks.
///
/// A target group with the PROXY protocol puts its header before its health checks as well (Network Load Balancers,
/// "Proxy protocol"), a classic load balancer does not; and a listener takes the one or the other.
package struct HealthPorts: Sendable, Equatable {
    /// The port on which a request begins at once, for all hosts of the VPC; `nil` where only this host itself may ask
    /// so.
    package let plain: UInt16?
    /// The port on which a header comes first; `nil` where none is expected.
    package let proxied: UInt16?

    /// - Parameter isProxied: Whether there are health checks with a header.
    package init(_ health: NodeSettings.Health, isProxied: Bool) {
        let proxied = isProxied ? health.proxyPort ?? health.port : nil
        self.proxied = proxied
        self.plain = proxied == health.port ? nil : health.port
    }

    /// The port on which this host itself asks, on loopback.
    package var local: UInt16 { plain ?? Self.loopback }

    /// The ports that other hosts reach.
    package var open: [UInt16] { [plain, proxied].compactMap(\.self) }

    /// The port on which this host asks, where no other port takes a request without a header: one that SELinux lets a
    /// web server have (http_port_t).
    package static let loopback: UInt16 = 8008
}

extension NodeSettings {
    package var healthPorts: HealthPorts {
        HealthPorts(health, isProxied: mail.proxyProtocol && !loadBalancer.targetGroups.isEmpty)
    }
}
