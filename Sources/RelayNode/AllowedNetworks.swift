package import Vocabulary

/// The networks whose mail is relayed, each of them judged safe to trust.
package struct AllowedNetworks: Sendable, Equatable {
    /// Loopback first, then in the order of the settings, without repetition.
    package let networks: [IPNetwork]
    /// Ranges of the VPC that are not safe to trust. Somebody may add one to the VPC later, which must not stop the relays.
    package let leftOut: [RefusedNetworks.Refusal]

    /// Resolves the names in `mail.networks`.
    ///
    /// - Parameter families: The address families that the instance has; ranges of another are left out.
    /// - Throws: `RefusedNetworks` where a range would open the relay to strangers.
    package init(
        _ mail: NodeSettings.Mail,
        facts: InstanceFacts,
        families: Set<IPAddress.Family>
    ) throws(RefusedNetworks) {
        var networks: [IPNetwork] = [.ipv4Loopback, .ipv6Loopback]
        var (refusals, leftOut): ([RefusedNetworks.Refusal], [RefusedNetworks.Refusal]) = ([], [])
        for entry in mail.networks {
            let ranges = Self.ranges(of: entry, facts: facts)
            let refused = ranges.compactMap { network in
                Self.danger(of: network, from: entry, mail).map {
                    RefusedNetworks.Refusal(entry: entry, network: network, reason: $0)
                }
            }
            let safe = ranges.filter { network in !refused.contains { $0.network == network } }
            if entry == .vpc, safe.contains(where: { families.contains($0.family) }) {
                leftOut += refused
            } else {
                refusals += refused
            }
            for network in safe where !networks.contains(network) { networks.append(network) }
        }
        // Two halves of a range are the whole of it, too.
        for whole in [IPNetwork.everyone(.ipv4), .everyone(.ipv6)] where whole.isCovered(by: networks) {
            refusals.append(RefusedNetworks.Refusal(entry: .network(whole), network: whole, reason: .everyone))
        }
        for whole in IPNetwork.wholePrivateRanges
        where !mail.allowPrivateNetworks.contains(where: { $0.contains(whole) }) && whole.isCovered(by: networks) {
            refusals.append(RefusedNetworks.Refusal(entry: .network(whole), network: whole, reason: .wholePrivateRange))
        }
        guard refusals.isEmpty else { throw RefusedNetworks(refusals: refusals) }
        self.leftOut = leftOut
        self.networks = networks.filter { families.contains($0.family) }
    }

    private static func ranges(of entry: AllowedNetwork, facts: InstanceFacts) -> [IPNetwork] {
        switch entry {
        case .vpc: facts.vpcNetworks
        case .subnet: [facts.subnetNetwork]
        case .network(let network): [network]
        }
    }

    private static func danger(
        of network: IPNetwork,
        from entry: AllowedNetwork,
        _ mail: NodeSettings.Mail
    ) -> RefusedNetworks.Reason? {
        if network.prefixLength == 0 { return .everyone }
        if network.isPrivate {
            let isWhole = IPNetwork.wholePrivateRanges.contains { network.contains($0) }
            return isWhole && !mail.allowPrivateNetworks.contains(network) ? .wholePrivateRange : nil
        }
        if mail.allowPublicNetworks.contains(network) { return nil }
        // A VPC has IPv6 ranges of its own, of /44 to /60; those of IPv4 may be anybody's.
        if entry == .vpc || entry == .subnet, network.family == .ipv6, network.prefixLength >= 44 { return nil }
        return network.prefixLength < widestPublicPrefix(network.family) ? .widePublicRange : nil
    }

    /// A public range shorter than this holds strangers: /24 and /48 are the smallest ranges that are routed by
    /// themselves, so what is wider is hardly one service's own.
    private static func widestPublicPrefix(_ family: IPAddress.Family) -> Int {
        family == .ipv4 ? 24 : 48
    }

    package func contains(_ address: IPAddress) -> Bool {
        networks.contains { $0.contains(address) }
    }
}

extension IPNetwork {
    fileprivate static func everyone(_ family: IPAddress.Family) -> IPNetwork {
        let zeros = [UInt8](repeating: 0, count: family.bits / 8)
        return IPNetwork(around: IPAddress(bytes: zeros), prefixLength: 0)
    }

    /// Ranges whose addresses do not identify a host, since many networks use them. The lower half of RFC 4193's range is
    /// not in use.
    fileprivate static let wholePrivateRanges =
        sharedIPv4Ranges + [
            IPNetwork(around: IPAddress(bytes: [0xFD] + [UInt8](repeating: 0, count: 15)), prefixLength: 8)
        ]

    /// Whether every address of the range is in one of these.
    fileprivate func isCovered(by networks: [IPNetwork]) -> Bool {
        if networks.contains(where: { $0.contains(self) }) { return true }
        // Only a range with smaller ones in it can be the sum of these.
        let inner = networks.filter { contains($0) }
        return inner.isEmpty ? false : halves.allSatisfy { $0.isCovered(by: inner) }
    }

    private var halves: [IPNetwork] {
        var upper = address.bytes
        upper[prefixLength / 8] |= 0x80 >> (prefixLength % 8)
        return [address, IPAddress(bytes: upper)].map { IPNetwork(around: $0, prefixLength: prefixLength + 1) }
    }
}

/// Networks that must not be trusted to relay.
package struct RefusedNetworks: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Reason: Sendable, Equatable {
        case everyone
        case widePublicRange
        case wholePrivateRange
    }

    package struct Refusal: Sendable, Equatable {
        /// The entry of `mail.networks` that named the range.
        package let entry: AllowedNetwork
        package let network: IPNetwork
        package let reason: Reason
    }

    package let refusals: [Refusal]

    package var description: String {
        refusals.map(\.description).joined(separator: "\n")
    }
}

extension RefusedNetworks.Refusal: CustomStringConvertible {
    package var description: String {
        let origin = entry.description == network.description ? "" : " (from \"\(entry)\")"
        return switch reason {
        case .everyone:
            """
            mail.networks: \(network)\(origin) is refused: it would make an open relay for the whole internet; \
            name the senders' own ranges
            """
        case .widePublicRange:
            """
            mail.networks: \(network)\(origin) is refused: a public range wider than \
            /\(network.family == .ipv4 ? 24 : 48) holds strangers; name the senders' own ranges, or list exactly \
            this range in mail.allow_public_networks
            """
        case .wholePrivateRange:
            """
            mail.networks: \(network)\(origin) is refused as a whole: a load balancer, a NAT gateway or a container \
            host that shows its own private address instead of the sender's would make the node an open relay; name \
            the senders' own ranges, or list this range in mail.allow_private_networks
            """
        }
    }

    /// The text for a range of the VPC that is not allowed, while other ranges of it are.
    package var whyLeftOut: String { "\(description); until then, its hosts are refused, and all others are served" }
}
