package import Vocabulary

/// The networks whose mail is relayed, each of them judged safe to trust.
package struct AllowedNetworks: Sendable, Equatable {
    /// Loopback first, then in the order of the settings, without repetition.
    package let networks: [IPNetwork]

    /// Resolves the names in `mail.networks`.
    ///
    /// - Parameter families: The address families that the instance has; ranges of another are left out.
    /// - Throws: `RefusedNetworks` where a range would open the relay to strangers.
    package init(
        _ mail: NodeSettings.Mail,
        facts: NodeFacts,
        families: Set<IPAddress.Family>
    ) throws(RefusedNetworks) {
        var networks: [IPNetwork] = [.ipv4Loopback, .ipv6Loopback]
        var refusals: [RefusedNetworks.Refusal] = []
        for entry in mail.networks {
            for network in Self.ranges(of: entry, facts: facts) {
                if let reason = Self.danger(of: network, allowed: mail.allowPublicNetworks) {
                    refusals.append(RefusedNetworks.Refusal(entry: entry, network: network, reason: reason))
                } else if !networks.contains(network) {
                    networks.append(network)
                }
            }
        }
        guard refusals.isEmpty else { throw RefusedNetworks(refusals: refusals) }
        self.networks = networks.filter { families.contains($0.family) }
    }

    private static func ranges(of entry: AllowedNetwork, facts: NodeFacts) -> [IPNetwork] {
        switch entry {
        case .vpc: facts.vpcNetworks
        case .subnet: [facts.subnetNetwork]
        case .network(let network): [network]
        }
    }

    private static func danger(of network: IPNetwork, allowed: [IPNetwork]) -> RefusedNetworks.Reason? {
        if network.prefixLength == 0 { return .everyone }
        if network.isPrivate || allowed.contains(network) { return nil }
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

/// Networks that must not be trusted to relay.
package struct RefusedNetworks: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Reason: Sendable, Equatable {
        case everyone
        case widePublicRange
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
            mail.networks: \(network)\(origin) is refused: it makes an open relay for the whole internet; \
            name the senders' own ranges
            """
        case .widePublicRange:
            """
            mail.networks: \(network)\(origin) is refused: a public range wider than \
            /\(network.family == .ipv4 ? 24 : 48) holds strangers; name the senders' own ranges, or list exactly \
            this range in mail.allow_public_networks
            """
        }
    }
}
