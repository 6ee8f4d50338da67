import AWS
import RelayNode
import Vocabulary

/// Whether only the load balancers can say whose mail it is, where the PROXY protocol tells that.
struct ProxyExamination: Examination {
    let name = "PROXY protocol"
    let node: InstanceNetwork
    let allowed: AllowedNetworks
    let views: LoadBalancerViews
    let ec2: any EC2Describing

    func findings() async throws -> [Finding] {
        guard node.isProxied else { return [] }
        let own = try await ec2.ingress(of: try await node.securityGroups(), on: MailPort.all)
        return Self.judge(own, node) + Self.judge(try await views.all(), trusts: allowed.contains)
    }

    /// Postfix believes the header of any host that reaches its port.
    static func judge(_ own: Ingress, _ node: InstanceNetwork) -> [Finding] {
        MailPort.all.compactMap { port in
            for opening in own.openings(on: port) {
                // A range of the load balancer's own is a part of the VPC; those of others are not looked at so closely.
                let wide = opening.networks.first { $0.contains(node.vpcNetwork) || !$0.isPrivate }
                if let wide { return forgeable(opening, port, wide, node) }
            }
            return nil
        }
    }

    private static func forgeable(
        _ opening: Ingress.Opening,
        _ port: UInt16,
        _ source: IPNetwork,
        _ node: InstanceNetwork
    )
        -> Finding
    {
        Finding(
            .proxyHeaderForgeable,
            node.hasPublicAddress && !source.isPrivate ? .critical : .warning,
            seen: "this instance's security group \(opening.group) lets \(source) in on port \(port)",
            fix: "\(opening.revocation); then let in the load balancer's security group, or its subnets"
        )
    }

    /// A header LOCAL marks a connection of the load balancer itself, so the load balancer's address is its client
    /// (proxy-protocol.txt, 2.2).
    static func judge(_ views: [LoadBalancerView], trusts isAllowed: (IPAddress) -> Bool) -> [Finding] {
        views.compactMap { view in
            guard !view.masksSenders, let address = view.addresses.first(where: isAllowed) else { return nil }
            return Finding(
                .loadBalancerInNetworks,
                of: view.place,
                seen: "\(address), \(view.name)'s own address, is in mail.networks"
            )
        }
    }
}
