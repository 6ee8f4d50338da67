package import Vocabulary

/// The part of EC2's API that tells what stands between a subnet and the rest of the world.
package protocol SubnetDescribing: Sendable {
    /// The network ACL of a subnet; `nil` where the API knows none.
    func networkACL(ofSubnet subnet: String) async throws(AWSFailure) -> NetworkACL?

    /// The route table of a subnet: its own, or else the VPC's main one; `nil` where the API knows none.
    func routeTable(ofSubnet subnet: String, in vpc: String) async throws(AWSFailure) -> RouteTable?
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
        package let destination: IPNetwork
        /// Such as `igw-...`, `nat-...` or `local`.
        package let target: String
        /// Whether the target is gone.
        package let isBlackhole: Bool

        package init(_ destination: IPNetwork, to target: String, isBlackhole: Bool = false) {
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

    /// The way to everywhere else.
    package var defaultRoute: Route? {
        routes.first { $0.destination.family == .ipv4 && $0.destination.prefixLength == 0 }
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
        guard let destination = element.value("destinationCidrBlock").flatMap({ try? IPNetwork($0) }) else {
            return nil
        }
        let target = targets.lazy.compactMap { element.value($0) }.first ?? "an unknown target"
        return RouteTable.Route(destination, to: target, isBlackhole: element.value("state") == "blackhole")
    }

    /// The elements that a route's target may stand in.
    private static let targets = [
        "gatewayId", "natGatewayId", "transitGatewayId", "networkInterfaceId", "instanceId", "vpcPeeringConnectionId",
        "egressOnlyInternetGatewayId", "localGatewayId", "carrierGatewayId",
    ]
}
