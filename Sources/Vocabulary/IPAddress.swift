#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// An IPv4 or IPv6 address.
package struct IPAddress: Sendable, Hashable {
    /// The two address families that Postfix, nginx and the metadata service speak.
    package enum Family: Sendable, Hashable {
        case ipv4
        case ipv6

        /// The length of an address in bits.
        package var bits: Int { self == .ipv4 ? 32 : 128 }
    }

    /// The address in network byte order: 4 or 16 bytes.
    package let bytes: [UInt8]

    package var family: Family { bytes.count == 4 ? .ipv4 : .ipv6 }

    /// Makes an address from its bytes in network order.
    package init(bytes: [UInt8]) {
        precondition(bytes.count == 4 || bytes.count == 16, "an IP address has 4 or 16 bytes")
        self.bytes = bytes
    }

    /// Parses a dotted quad (four decimal numbers, no leading zeros) or an IPv6 address without zone.
    package init(_ text: some StringProtocol) throws(InvalidValue) {
        let string = String(text)
        // The C functions below stop at a NUL byte, and would accept the text before it.
        guard !string.utf8.contains(0) else { throw InvalidValue(string, expected: Self.expectation) }
        var ipv4 = [UInt8](repeating: 0, count: 4)
        if inet_pton(AF_INET, string, &ipv4) == 1 {
            self.bytes = ipv4
            return
        }
        var ipv6 = [UInt8](repeating: 0, count: 16)
        guard inet_pton(AF_INET6, string, &ipv6) == 1 else {
            throw InvalidValue(string, expected: Self.expectation)
        }
        self.bytes = ipv6
    }

    private static let expectation = "an IPv4 or IPv6 address"
}

extension IPAddress: CustomStringConvertible {
    /// A dotted quad, or the canonical form of RFC 5952.
    package var description: String {
        var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let family = family == .ipv4 ? AF_INET : AF_INET6
        guard inet_ntop(family, bytes, &buffer, socklen_t(buffer.count)) != nil else {
            preconditionFailure("inet_ntop has room for every address")
        }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
