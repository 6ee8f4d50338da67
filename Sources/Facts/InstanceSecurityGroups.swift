extension MetadataReader {
    /// The ids of the security groups of a network interface, which can change at any time.
    ///
    /// - Parameter mac: The interface's.
    package func securityGroups(of mac: String) async throws(MetadataFailure) -> [String] {
        let list = try await required("network/interfaces/macs/\(mac)/security-group-ids")
        return list.split(whereSeparator: \.isNewline).map(String.init)
    }

    /// The ids of the security groups of all interfaces that the internet could reach. An interface and an Elastic IP address
    /// can come at any time.
    ///
    /// - Parameters:
    ///   - primary: The primary interface's hardware address.
    ///   - isExposed: Whether the primary interface has an address of the internet's.
    ///   - speaksIPv6: Whether this host does; otherwise an IPv6 address leads nowhere.
    package func exposedSecurityGroups(
        primary: String,
        isExposed: Bool,
        speaksIPv6: Bool
    ) async throws(MetadataFailure) -> [String] {
        var groups = isExposed ? try await securityGroups(of: primary) : []
        let listing = try await optional("network/interfaces/macs/") ?? ""
        for line in listing.split(whereSeparator: \.isNewline) {
            let mac = line.hasSuffix("/") ? String(line.dropLast()) : String(line)
            guard mac != primary else { continue }
            let folder = "network/interfaces/macs/\(mac)"
            let ipv4 = try await optional("\(folder)/public-ipv4s") ?? ""
            let ipv6 = speaksIPv6 ? try await optional("\(folder)/ipv6s") ?? "" : ""
            if (ipv4 + ipv6).contains(where: { !$0.isWhitespace }) { groups += try await securityGroups(of: mac) }
        }
        return groups
    }
}
