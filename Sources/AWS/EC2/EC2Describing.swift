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

        package init(ipProtocol: String, ports: ClosedRange<Int>?, sources: [IPNetwork]) {
            self.ipProtocol = ipProtocol
            self.ports = ports
            self.sources = sources
        }
    }

    package let id: String
    package let ingress: [Rule]

    package init(id: String, ingress: [Rule]) {
        self.id = id
        self.ingress = ingress
    }

    /// Whether the whole internet may come in on a TCP port. Two halves of it are the whole too.
    package func opensToWorld(port: UInt16) -> Bool {
        let sources = ingress.filter { rule in
            ["tcp", "6", "-1"].contains(rule.ipProtocol) && (rule.ports?.contains(Int(port)) ?? true)
        }.flatMap(\.sources)
        return sources.contains { $0.prefixLength <= 1 }
    }
}
