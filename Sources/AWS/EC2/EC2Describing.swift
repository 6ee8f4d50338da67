package import Vocabulary

/// The part of EC2's API that a node needs.
package protocol EC2Describing: Sendable {
    /// The instance's tags.
    func tags(of instance: InstanceID) async throws(AWSFailure) -> [String: String]

    /// Security groups by their ids.
    func securityGroups(_ ids: [String]) async throws(AWSFailure) -> [SecurityGroup]
}

/// A security group's door inwards.
package struct SecurityGroup: Sendable, Equatable {
    /// Who may come in by which ports.
    package struct Rule: Sendable, Equatable {
        /// `tcp`, `udp`, `icmp`, a protocol's number, or `-1` for all.
        package let ipProtocol: String
        /// `nil` for all ports.
        package let ports: ClosedRange<Int>?
        package let sources: [IPNetwork]
        /// Managed prefix lists, whose ranges are not known here.
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

    package init(id: String, name: String = "", ingress: [Rule]) {
        self.id = id
        self.name = name
        self.ingress = ingress
    }

    /// Whether the whole internet may come in on a TCP port. Two halves of it are the whole too.
    ///
    /// - Parameter families: Those of the internet's two halves that count.
    package func opensToWorld(port: UInt16, to families: Set<IPAddress.Family> = [.ipv4, .ipv6]) -> Bool {
        let sources = ingress.filter { rule in
            // A rule for all protocols is one for all ports, whatever else it says.
            rule.ipProtocol == "-1"
                || ["tcp", "6"].contains(rule.ipProtocol) && (rule.ports?.contains(Int(port)) ?? true)
        }.flatMap(\.sources)
        return sources.contains { $0.prefixLength <= 1 && families.contains($0.family) }
    }
}
