package import Vocabulary

/// The part of EC2's API that a node needs.
package protocol EC2Describing: Sendable {
    /// The instance's tags.
    func tags(of instance: InstanceID) async throws(AWSFailure) -> [String: String]

    /// Security groups by their ids.
    func securityGroups(_ ids: [String]) async throws(AWSFailure) -> [SecurityGroup]

    /// The ranges of a managed prefix list, one of a customer's or of AWS's own.
    func entries(ofPrefixList id: String) async throws(AWSFailure) -> [IPNetwork]
}

/// A security group's doors.
package struct SecurityGroup: Sendable, Equatable {
    /// The sources that may connect, and the ports.
    package struct Rule: Sendable, Equatable {
        /// `tcp`, `udp`, `icmp`, a protocol's number, or `-1` for all.
        package let ipProtocol: String
        /// `nil` for all ports.
        package let ports: ClosedRange<Int>?
        package let sources: [IPNetwork]
        /// Managed prefix lists, whose ranges take a call of their own (`Ingress`).
        package let prefixLists: [String]
        /// Security groups whose members may come in.
        package let groups: [String]

        package init(
            ipProtocol: String,
            ports: ClosedRange<Int>?,
            sources: [IPNetwork],
            prefixLists: [String] = [],
            groups: [String] = []
        ) {
            self.ipProtocol = ipProtocol
            self.ports = ports
            self.sources = sources
            self.prefixLists = prefixLists
            self.groups = groups
        }
    }

    package let id: String
    package let name: String
    package let ingress: [Rule]
    /// The destinations that the instance may connect to; these rules call them sources.
    package let egress: [Rule]

    package init(id: String, name: String = "", ingress: [Rule], egress: [Rule] = []) {
        self.id = id
        self.name = name
        self.ingress = ingress
        self.egress = egress
    }
}

extension SecurityGroup.Rule {
    /// Whether the rule covers a TCP port, for any source.
    package func covers(_ port: UInt16) -> Bool {
        // A rule for all protocols covers all ports, also where it names some.
        ipProtocol == "-1" || ["tcp", "6"].contains(ipProtocol) && (ports?.contains(Int(port)) ?? true)
    }

    /// Whether it lets the host at an address, or in any of these groups, through on a TCP port. The ranges of a prefix
    /// list are not known, so it is given the benefit of the doubt.
    package func admits(_ port: UInt16, at address: IPAddress?, in members: Set<String> = []) -> Bool {
        let isListed = address.map { address in sources.contains { $0.contains(address) } } ?? false
        return covers(port) && (isListed || !prefixLists.isEmpty || groups.contains(where: members.contains))
    }
}
