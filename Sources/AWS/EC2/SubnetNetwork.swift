package import Vocabulary

/// The part of EC2's API that tells what stands between a subnet and the rest of the world.
package protocol SubnetDescribing: Sendable {
    /// The network ACL of a subnet; `nil` where the API knows none.
    func networkACL(ofSubnet subnet: String) async throws(AWSFailure) -> NetworkACL?

    /// The route table of a subnet: its own, or else the VPC's main one; `nil` where the API knows none.
    func routeTable(ofSubnet subnet: String, in vpc: String) async throws(AWSFailure) -> RouteTable?

    /// The public addresses that a NAT gateway sends from.
    func publicAddresses(ofNATGateway id: String) async throws(AWSFailure) -> [IPAddress]

    /// The private addresses of the network interfaces that have a description, as AWS gives one to those of a load
    /// balancer (`LoadBalancerInterfaces`).
    func addresses(ofInterfacesDescribed description: String) async throws(AWSFailure) -> [IPAddress]
}

/// The description that AWS gives to the network interfaces of a load balancer (Elastic Load Balancing, "Security
/// groups for your load balancer" and "Network Load Balancers").
package enum LoadBalancerInterfaces {
    package static func description(ofClassic name: ClassicLoadBalancerName) -> String { "ELB \(name)" }

    /// - Parameter arn: `arn:...:loadbalancer/net/NAME/ID`.
    package static func description(ofNetwork arn: String) -> String {
        let path = arn.firstRange(of: ":loadbalancer/").map { String(arn[$0.upperBound...]) }
        return "ELB \(path ?? arn)"
    }
}

/// A network ACL (EC2 API 2016-11-15, NetworkAcl).
package struct NetworkACL: Sendable, Equatable {
    package struct Entry: Sendable, Equatable {
        /// The lowest that matches decides.
        package let number: Int
        package let allows: Bool
        package let isEgress: Bool
        /// A protocol's number, or `-1` for all.
        package let ipProtocol: String
        /// `nil` for all.
        package let ports: ClosedRange<Int>?
        package let network: IPNetwork

        package init(
            _ number: Int,
            allows: Bool,
            isEgress: Bool,
            ipProtocol: String = "-1",
            ports: ClosedRange<Int>? = nil,
            network: IPNetwork
        ) {
            self.number = number
            self.allows = allows
            self.isEgress = isEgress
            self.ipProtocol = ipProtocol
            self.ports = ports
            self.network = network
        }
    }

    package let id: String
    package let entries: [Entry]

    package init(id: String, entries: [Entry]) {
        self.id = id
        self.entries = entries
    }

    /// Whether a TCP packet may come in from an address to a port, or go out to it.
    package func allows(_ port: UInt16, at address: IPAddress, isEgress: Bool) -> Bool {
        entries.filter { entry in
            entry.isEgress == isEgress && ["-1", "6"].contains(entry.ipProtocol) && entry.network.contains(address)
                && (entry.ipProtocol == "-1" || entry.ports?.contains(Int(port)) ?? true)
        }.min { $0.number < $1.number }?.allows ?? false
    }
}

/// A route table (EC2 API 2016-11-15, RouteTable).
package struct RouteTable: Sendable, Equatable {
    package struct Route: Sendable, Equatable {
        package enum Destination: Sendable, Equatable {
            case network(IPNetwork)
            /// A managed prefix list, whose ranges take a call of their own.
            case prefixList(String)
        }

        package let destination: Destination
        /// The target, such as `igw-...`, `nat-...` or `local`.
        package let target: String
        /// Whether the target is gone.
        package let isBlackhole: Bool

        package init(_ destination: IPNetwork, to target: String, isBlackhole: Bool = false) {
            self.init(.network(destination), to: target, isBlackhole: isBlackhole)
        }

        package init(_ destination: Destination, to target: String, isBlackhole: Bool = false) {
            self.destination = destination
            self.target = target
            self.isBlackhole = isBlackhole
        }
    }

    package let id: String
    package let routes: [Route]

    package init(id: String, routes: [Route]) {
        self.id = id
        self.routes = routes
    }

    /// The prefix lists that its routes name.
    package var prefixLists: Set<String> {
        Set(routes.compactMap { if case .prefixList(let id) = $0.destination { id } else { nil } })
    }

    /// The route that a packet to an address takes: of those that have it the one with the longest prefix (Amazon VPC User
    /// Guide, "Route priority").
    ///
    /// - Parameter lists: The ranges of the prefix lists.
    package func route(to address: IPAddress, lists: [String: [IPNetwork]] = [:]) -> Route? {
        let ways = routes.flatMap { route -> [(length: Int, route: Route)] in
            let networks =
                switch route.destination {
                case .network(let network): [network]
                case .prefixList(let id): lists[id] ?? []
                }
            return networks.filter { $0.contains(address) }.map { ($0.prefixLength, route) }
        }
        return ways.max { $0.length < $1.length }?.route
    }
}

extension EC2Client: SubnetDescribing {
    package func networkACL(ofSubnet subnet: String) async throws(AWSFailure) -> NetworkACL? {
        let filter = [("Filter.1.Name", "association.subnet-id"), ("Filter.1.Value.1", subnet)]
        let answer = try await client.call("DescribeNetworkAcls", filter)
        return answer.list("networkAclSet").first.map { found in
            NetworkACL(id: found.value("networkAclId") ?? "", entries: found.list("entrySet").compactMap(Self.entry))
        }
    }

    package func routeTable(ofSubnet subnet: String, in vpc: String) async throws(AWSFailure) -> RouteTable? {
        let own = [("Filter.1.Name", "association.subnet-id"), ("Filter.1.Value.1", subnet)]
        let main = [
            ("Filter.1.Name", "vpc-id"), ("Filter.1.Value.1", vpc), ("Filter.2.Name", "association.main"),
            ("Filter.2.Value.1", "true"),
        ]
        for filter in [own, main] {
            let answer = try await client.call("DescribeRouteTables", filter)
            if let found = answer.list("routeTableSet").first {
                let routes = found.list("routeSet").compactMap(Self.route)
                return RouteTable(id: found.value("routeTableId") ?? "", routes: routes)
            }
        }
        return nil
    }

    package func publicAddresses(ofNATGateway id: String) async throws(AWSFailure) -> [IPAddress] {
        let answer = try await client.call("DescribeNatGateways", [("NatGatewayId.1", id)])
        return answer.list("natGatewaySet").flatMap { $0.list("natGatewayAddressSet") }
            .compactMap { $0.value("publicIp").flatMap { try? IPAddress($0) } }
    }

    package func addresses(ofInterfacesDescribed description: String) async throws(AWSFailure) -> [IPAddress] {
        let filter = [("Filter.1.Name", "description"), ("Filter.1.Value.1", description)]
        let answer = try await client.call("DescribeNetworkInterfaces", filter)
        let texts = answer.list("networkInterfaceSet").flatMap { interface in
            interface.list("privateIpAddressesSet").compactMap { $0.value("privateIpAddress") }
                + interface.list("ipv6AddressesSet").compactMap { $0.value("ipv6Address") }
        }
        return texts.compactMap { try? IPAddress($0) }
    }

    private static func entry(_ element: XMLElement) -> NetworkACL.Entry? {
        guard let number = element.value("ruleNumber").flatMap({ Int($0) }),
            let network = (element.value("cidrBlock") ?? element.value("ipv6CidrBlock")).flatMap({ try? IPNetwork($0) })
        else { return nil }
        let from = element["portRange"]?.value("from").flatMap { Int($0) }
        let to = element["portRange"]?.value("to").flatMap { Int($0) }
        let ports: ClosedRange<Int>? = if let from, let to, from >= 0, from <= to { from...to } else { nil }
        return NetworkACL.Entry(
            number,
            allows: element.value("ruleAction") == "allow",
            isEgress: element.value("egress") == "true",
            ipProtocol: element.value("protocol") ?? "-1",
            ports: ports,
            network: network
        )
    }

    private static func route(_ element: XMLElement) -> RouteTable.Route? {
        let block = element.value("destinationCidrBlock") ?? element.value("destinationIpv6CidrBlock")
        let network = block.flatMap { try? IPNetwork($0) }.map { RouteTable.Route.Destination.network($0) }
        let list = element.value("destinationPrefixListId").map { RouteTable.Route.Destination.prefixList($0) }
        guard let destination = network ?? list else { return nil }
        let target = targets.lazy.compactMap { element.value($0) }.first ?? "an unknown target"
        return RouteTable.Route(destination, to: target, isBlackhole: element.value("state") == "blackhole")
    }

    /// The elements that a route's target may stand in.
    private static let targets = [
        "gatewayId", "natGatewayId", "transitGatewayId", "networkInterfaceId", "instanceId", "vpcPeeringConnectionId",
        "egressOnlyInternetGatewayId", "localGatewayId", "carrierGatewayId",
    ]
}
