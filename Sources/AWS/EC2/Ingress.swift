package import Vocabulary

/// The hosts that several security groups let in together: a group only adds to the hosts of the others.
package struct Ingress: Sendable {
    package let groups: [SecurityGroup]
    /// The ranges of the prefix lists that rules name, by the lists' ids.
    private let lists: [String: Result<[IPNetwork], AWSFailure>]

    /// - Parameter lists: The ranges of the prefix lists that rules name, or why they could not be read.
    package init(_ groups: [SecurityGroup], lists: [String: Result<[IPNetwork], AWSFailure>] = [:]) {
        self.groups = groups
        self.lists = lists
    }

    /// One source of one rule.
    package struct Opening: Sendable, Equatable {
        package enum Source: Sendable, Hashable {
            case range(IPNetwork)
            case prefixList(String)
        }

        /// The security group's id.
        package let group: String
        package let rule: SecurityGroup.Rule
        package let source: Source
        /// The ranges that the source stands for.
        package let networks: [IPNetwork]
    }

    /// Whether the world may come in.
    package enum Exposure: Sendable {
        case closed
        /// These openings let the internet in, the widest first; without them it could not come in.
        case world([Opening])
        /// A prefix list that could not be read decides.
        case unknown(list: String, group: String, AWSFailure)
    }

    /// The most public addresses that may come in by a port: those of one network of this length.
    ///
    /// A sum decides, since two halves are the whole, and so is everything but a few holes. Internet registries give one
    /// holder at most a /8 of IPv4 or a /16 of IPv6 at a time, so a rule that lets in more is not about one's own senders.
    private static let bounds: [(family: IPAddress.Family, prefix: Int)] = [(.ipv4, 8), (.ipv6, 16)]

    /// Whether the world may come in on a TCP port.
    ///
    /// Private address space counts for nothing, and neither do members of security groups.
    ///
    /// - Parameter families: Those that the door is reached by.
    package func exposure(on port: UInt16, to families: Set<IPAddress.Family> = [.ipv4, .ipv6]) -> Exposure {
        let openings = openings(on: port)
        for (family, prefix) in Self.bounds where families.contains(family) {
            var parts = openings.filter { $0.width(family) != nil }.sorted {
                ($0.width(family) ?? 0) < ($1.width(family) ?? 0)
            }[...]
            var decisive: [Opening] = []
            // The remaining rules may be the senders' own ranges.
            while Self.isWorld(parts, family, prefix) { decisive.append(parts.removeFirst()) }
            if !decisive.isEmpty { return .world(decisive) }
        }
        for (group, rule) in rules(on: port) {
            for list in rule.prefixLists {
                if case .failure(let failure) = lists[list] { return .unknown(list: list, group: group, failure) }
            }
        }
        return .closed
    }

    private static func isWorld(_ openings: some Sequence<Opening>, _ family: IPAddress.Family, _ prefix: Int) -> Bool {
        AddressSet(openings.flatMap(\.networks), of: family)
            .subtracting(AddressSet(IPNetwork.privateRanges, of: family))
            .isLarger(thanPrefix: prefix)
    }

    /// Every source that is let in on a TCP port.
    package func openings(on port: UInt16) -> [Opening] {
        rules(on: port).flatMap { group, rule in
            rule.sources.map { Opening(group: group, rule: rule, source: .range($0), networks: [$0]) }
                + rule.prefixLists.map { list in
                    let networks = (try? lists[list]?.get()) ?? []
                    return Opening(group: group, rule: rule, source: .prefixList(list), networks: networks)
                }
        }
    }

    private func rules(on port: UInt16) -> [(group: String, rule: SecurityGroup.Rule)] {
        groups.flatMap { group in group.ingress.filter { $0.covers(port) }.map { (group.id, $0) } }
    }
}

extension Ingress.Opening {
    /// The length of the shortest public prefix of a family; `nil` where there is none.
    fileprivate func width(_ family: IPAddress.Family) -> Int? {
        networks.filter { $0.family == family && !$0.isPrivate }.map(\.prefixLength).min()
    }

    /// The commands that close the port.
    package var revocation: String {
        let ipProtocol = rule.ipProtocol == "6" ? "tcp" : rule.ipProtocol
        let ports = rule.ipProtocol == "-1" ? nil : rule.ports ?? 0...65535
        let command = "aws ec2 revoke-security-group-ingress --group-id \(group)"
        if case .range(let network) = source, network.family == .ipv4 {
            let range = ports.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
            return "\(command) --protocol \(ipProtocol)\(range.map { " --port \($0)" } ?? "") --cidr \(network)"
        }
        // The plain options know IPv4 alone.
        let range = ports.map { ",FromPort=\($0.lowerBound),ToPort=\($0.upperBound)" } ?? ""
        let who =
            switch source {
            case .range(let network): "Ipv6Ranges=[{CidrIpv6=\(network)}]"
            case .prefixList(let id): "PrefixListIds=[{PrefixListId=\(id)}]"
            }
        return "\(command) --ip-permissions IpProtocol=\(ipProtocol)\(range),\(who)"
    }
}

extension Ingress.Opening.Source: CustomStringConvertible {
    package var description: String {
        switch self {
        case .range(let network): "\(network)"
        case .prefixList(let id): "prefix list \(id)"
        }
    }
}

extension EC2Describing {
    /// The hosts that security groups let in on any of these ports: a call, and one for each prefix list that their
    /// rules name.
    package func ingress(of ids: [String], on ports: some Collection<UInt16>) async throws(AWSFailure) -> Ingress {
        let groups = try await securityGroups(ids)
        let rules = groups.flatMap(\.ingress).filter { rule in ports.contains { rule.covers($0) } }
        var lists: [String: Result<[IPNetwork], AWSFailure>] = [:]
        for list in Set(rules.flatMap(\.prefixLists)) {
            do throws(AWSFailure) {
                lists[list] = .success(try await entries(ofPrefixList: list))
            } catch {
                lists[list] = .failure(error)
            }
        }
        return Ingress(groups, lists: lists)
    }
}
