package import Vocabulary

/// The networks that the relay serves, and the clients as which its doors are tried: a node joins only with this
/// proven.
package struct SelfTest: Sendable, Equatable, Codable {
    /// The node's own address, which the load balancer sends to.
    package let address: IPAddress
    /// Must be refused: strangers, and the nearest neighbours of the allowed networks.
    package let outsiders: [IPAddress]
    /// Must be relayed for: one of each allowed network.
    package let insiders: [IPAddress]
    /// Whether the node's own address is in an allowed network.
    package let servesItself: Bool
    /// The ports at which mail is taken.
    package let ports: [UInt16]
    /// Whether these expect a header of the PROXY protocol.
    package let isProxied: Bool
    /// The service's own domain.
    package let domain: DomainName
    /// The domains that the relay delivers itself, which are no less closed to outsiders.
    package let domains: [DomainName]
    /// Bytes that the queue's disk must have free: room for a few messages of the largest size (10 MB, as Postfix has it).
    /// Postfix itself takes none where there is not room for one and a half (postconf(5), queue_minfree).
    package let leastFreeSpace: UInt64
    /// The parameters of main.cf that say who may relay, with the values that they must have.
    package let policy: [String: String]
    /// The text of the table that `mynetworks` names, if it does.
    package let networkTable: String?
    /// The port of the signer that mail waits for; `nil` where mail is not signed, or goes out without it.
    package let signerPort: UInt16?
    /// Whether the signer refuses senders, so that no door may go past it. Optional, since earlier versions did not keep it.
    package let checksSenders: Bool?

    package init(
        _ allowed: AllowedNetworks,
        of postfix: PostfixConfiguration,
        families: Set<IPAddress.Family>,
        domain: DomainName,
        domains: [DomainName] = [],
        largestMessage: Int? = nil,
        needsSigner: Bool = false,
        checksSenders: Bool = false
    ) {
        self.address = postfix.address
        self.servesItself = allowed.contains(postfix.address)
        self.ports = postfix.ports
        self.isProxied = postfix.isProxied
        self.policy = postfix.policy
        self.networkTable = postfix.networkTable?.text
        self.signerPort = needsSigner ? SignerEndpoint.port : nil
        self.checksSenders = checksSenders ? true : nil
        self.domain = domain
        // Postfix slows down clients that it refuses often, so only some of many domains are tried.
        self.domains = Array(domains.prefix(5))
        self.leastFreeSpace = max(64 << 20, UInt64(largestMessage ?? 0) * 2)
        (self.insiders, self.outsiders) = Self.clients(of: allowed, families)
    }

    /// One host of each allowed network, and strangers.
    static func clients(
        of allowed: AllowedNetworks,
        _ families: Set<IPAddress.Family>
    ) -> (insiders: [IPAddress], outsiders: [IPAddress]) {
        var outsiders: [IPAddress] = []
        let neighbours = allowed.networks.flatMap { [$0.addressBefore, $0.addressAfter].compactMap(\.self) }
        for candidate in Self.strangers + neighbours
        where families.contains(candidate.family) && !allowed.contains(candidate) && !outsiders.contains(candidate) {
            outsiders.append(candidate)
        }
        return (allowed.networks.map(\.sampleHost), outsiders)
    }

    /// Documentation addresses (RFC 5737, RFC 3849), which are nobody's, and hosts of the private ranges, which must
    /// not be trusted as a whole.
    private static let strangers: [IPAddress] = [
        IPAddress(bytes: [192, 0, 2, 25]),
        IPAddress(bytes: [10, 255, 255, 254]),
        IPAddress(bytes: [172, 31, 255, 254]),
        IPAddress(bytes: [192, 168, 255, 254]),
        IPAddress(bytes: [0x20, 0x01, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [0x25]),
    ]
}

extension IPNetwork {
    /// An address of the range as a host has it: the first one after the network's own.
    fileprivate var sampleHost: IPAddress {
        guard prefixLength < family.bits else { return address }
        return address.successor ?? address
    }

    /// The last address before the range, if any.
    fileprivate var addressBefore: IPAddress? { address.predecessor }

    /// The first address after the range, if any.
    fileprivate var addressAfter: IPAddress? {
        let last = address.bytes.enumerated().map { index, byte in
            let kept = min(max(prefixLength - index * 8, 0), 8)
            return kept == 8 ? byte : byte | (0xFF >> kept)
        }
        return IPAddress(bytes: last).successor
    }
}

extension IPAddress {
    fileprivate var successor: IPAddress? {
        var bytes = bytes
        for index in bytes.indices.reversed() {
            bytes[index] &+= 1
            if bytes[index] != 0 { return IPAddress(bytes: bytes) }
        }
        return nil
    }

    fileprivate var predecessor: IPAddress? {
        var bytes = bytes
        for index in bytes.indices.reversed() {
            bytes[index] &-= 1
            if bytes[index] != 0xFF { return IPAddress(bytes: bytes) }
        }
        return nil
    }
}
