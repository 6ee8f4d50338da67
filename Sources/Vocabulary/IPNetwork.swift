/// A range of addresses in CIDR form, such as `10.0.0.0/16`.
package struct IPNetwork: Sendable, Hashable {
    /// The first address of the range: every bit after the prefix is zero.
    package let address: IPAddress
    /// The number of leading bits that all addresses of the range share.
    package let prefixLength: Int

    /// The range of this length around an address; the address' own host bits are dropped.
    package init(around address: IPAddress, prefixLength: Int) {
        precondition((0...address.family.bits).contains(prefixLength), "the prefix fits the address family")
        self.address = IPAddress(bytes: Self.masked(address.bytes, to: prefixLength))
        self.prefixLength = prefixLength
    }

    /// Parses `ADDRESS/PREFIX`, or one address alone. Host bits must be zero, as Postfix insists on in `mynetworks`.
    package init(_ text: some StringProtocol) throws(InvalidValue) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let address = try? IPAddress(first) else {
            throw InvalidValue(text, expected: Self.expectation)
        }
        var prefixLength = address.family.bits
        if parts.count == 2 {
            let digits = parts[1]
            guard !digits.isEmpty, digits.utf8.allSatisfy(\.isDigit), digits.utf8.count <= 3,
                let number = Int(digits), number <= address.family.bits
            else {
                throw InvalidValue(text, expected: Self.expectation)
            }
            prefixLength = number
        }
        self.init(around: address, prefixLength: prefixLength)
        guard self.address == address else {
            throw InvalidValue(text, expected: "a network address: with /\(prefixLength) it begins at \(self.address)")
        }
    }

    /// Whether the address lies in this range.
    package func contains(_ address: IPAddress) -> Bool {
        address.family == family && Self.masked(address.bytes, to: prefixLength) == self.address.bytes
    }

    /// Whether the whole of the other range lies in this one.
    package func contains(_ other: IPNetwork) -> Bool {
        other.prefixLength >= prefixLength && contains(other.address)
    }

    /// Whether the two ranges share an address.
    package func overlaps(_ other: IPNetwork) -> Bool {
        contains(other) || other.contains(self)
    }

    package var family: IPAddress.Family { address.family }

    private static func masked(_ bytes: [UInt8], to prefixLength: Int) -> [UInt8] {
        bytes.enumerated().map { index, byte in
            let kept = min(max(prefixLength - index * 8, 0), 8)
            return kept == 0 ? 0 : byte & (0xFF << (8 - kept))
        }
    }

    private static let expectation = "an IPv4 or IPv6 network in CIDR form, such as 10.0.0.0/16"
}

extension IPNetwork {
    /// `127.0.0.0/8`.
    package static let ipv4Loopback = IPNetwork(around: IPAddress(bytes: [127, 0, 0, 0]), prefixLength: 8)
    /// `::1/128`.
    package static let ipv6Loopback = IPNetwork(
        around: IPAddress(bytes: [UInt8](repeating: 0, count: 15) + [1]),
        prefixLength: 128
    )

    /// Whether every address of the range is out of the public internet's reach: loopback, link-local, RFC 1918,
    /// carrier-grade NAT (RFC 6598), benchmarks (RFC 2544) or unique local (RFC 4193).
    package var isPrivate: Bool { Self.privateRanges.contains { $0.contains(self) } }

    /// The ranges for which `isPrivate` is true.
    package static let privateRanges: [IPNetwork] =
        sharedIPv4Ranges + [
            ipv4Loopback, ipv6Loopback,
            IPNetwork(around: IPAddress(bytes: [169, 254, 0, 0]), prefixLength: 16),
            IPNetwork(around: IPAddress(bytes: [0xFC] + [UInt8](repeating: 0, count: 15)), prefixLength: 7),
            IPNetwork(around: IPAddress(bytes: [0xFE, 0x80] + [UInt8](repeating: 0, count: 14)), prefixLength: 10),
        ]

    /// The IPv4 ranges that many networks use at the same time: RFC 1918, RFC 6598 and RFC 2544.
    package static let sharedIPv4Ranges: [IPNetwork] = [
        IPNetwork(around: IPAddress(bytes: [10, 0, 0, 0]), prefixLength: 8),
        IPNetwork(around: IPAddress(bytes: [172, 16, 0, 0]), prefixLength: 12),
        IPNetwork(around: IPAddress(bytes: [192, 168, 0, 0]), prefixLength: 16),
        IPNetwork(around: IPAddress(bytes: [100, 64, 0, 0]), prefixLength: 10),
        IPNetwork(around: IPAddress(bytes: [198, 18, 0, 0]), prefixLength: 15),
    ]
}

extension IPNetwork: CustomStringConvertible {
    package var description: String { "\(address)/\(prefixLength)" }
}
