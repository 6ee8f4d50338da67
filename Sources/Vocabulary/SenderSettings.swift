/// `role`: what a host is to be.
package enum RoleName: String, Sendable, CaseIterable, Codable {
    /// A relay node behind a load balancer.
    case relay
    /// A host whose own mail goes through the relays; the rest of it is its operator's.
    case sender
}

/// The operator's settings for a host that sends: where its mail goes, and how the agent keeps it so.
package struct SenderSettings: Sendable, Equatable {
    /// `sender.relayhost`: where all mail goes.
    package var relayhost: RelayHost
    /// `sender.outbound_level`; `nil` where Postfix's own setting is to stay as it is.
    package var outboundTLS: TLSLevel?
    package var packages: NodeSettings.Packages
    package var reconcile: NodeSettings.Reconcile

    package init(
        relayhost: RelayHost,
        outboundTLS: TLSLevel? = nil,
        packages: NodeSettings.Packages = NodeSettings.Packages(),
        reconcile: NodeSettings.Reconcile = NodeSettings.Reconcile()
    ) {
        self.relayhost = relayhost
        self.outboundTLS = outboundTLS
        self.packages = packages
        self.reconcile = reconcile
    }
}

/// The load balancer in front of the relays, as a sender's Postfix has it (postconf(5), relayhost): in brackets, since it has
/// no MX records to be asked for, and never this host itself.
package struct RelayHost: Sendable, Hashable, CustomStringConvertible {
    package enum Host: Sendable, Hashable {
        case name(DomainName)
        case address(IPAddress)
    }

    package let host: Host
    package let port: UInt16
    package let description: String

    package init(_ text: some StringProtocol) throws(InvalidValue) {
        // NextHop checks the form; the parts are taken from its text.
        guard let nexthop = try? NextHop(text).description, nexthop.hasPrefix("["),
            let end = nexthop.firstIndex(of: "]")
        else {
            throw InvalidValue(text, expected: "the load balancer's name or address in brackets, \(Self.example)")
        }
        let name = nexthop[..<end].dropFirst()
        let port = nexthop[end...].dropFirst(2)
        if let address = try? IPAddress(name.hasPrefix("ipv6:") ? name.dropFirst(5) : name) {
            guard !address.isOfTheHostItself else { throw Self.itself(text) }
            self.host = .address(address)
        } else {
            let domain = try DomainName(name)
            guard !["localhost.localdomain", "localhost.localdomain6"].contains("\(domain)") else {
                throw Self.itself(text)
            }
            self.host = .name(domain)
        }
        self.port = UInt16(port) ?? 25
        self.description = nexthop
    }

    private static let example = "such as [relay.internal.example.com]:25"

    private static func itself(_ text: some StringProtocol) -> InvalidValue {
        InvalidValue(text, expected: "another host, \(example): it is this one, and mail would go round in circles")
    }
}

extension IPAddress {
    /// Whether every host means itself by it: loopback, or the address that means any.
    fileprivate var isOfTheHostItself: Bool {
        family == .ipv4
            ? bytes[0] == 127 || bytes.allSatisfy { $0 == 0 }
            : bytes.dropLast().allSatisfy { $0 == 0 } && bytes[15] < 2
    }
}
