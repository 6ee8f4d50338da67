extension NodeSettings {
    /// `[mail]`: what Postfix is to be.
    package struct Mail: Sendable, Equatable {
        /// The service's own mail domain: Postfix's `mydomain`.
        package var domain: DomainName
        /// Postfix's `myhostname`; by default `ip-10-0-1-10.DOMAIN`, made of the private address.
        package var hostname: DomainName?
        /// Domains delivered on this node besides its own host name: added to Postfix's `mydestination`.
        package var destinations: [DomainName]
        /// The networks whose mail is relayed: loopback, which is always allowed, and these.
        package var networks: [AllowedNetwork]
        /// Public ranges wider than /24 or /48 that `networks` may name all the same.
        package var allowPublicNetworks: [IPNetwork]
        /// Whole private ranges, such as `10.0.0.0/8`, that `networks` may name all the same.
        package var allowPrivateNetworks: [IPNetwork] = []
        /// Whether the networks stand in a table of their own.
        package var networkTable = NetworkTable.auto
        /// Whether mail is taken on port 587 as well as on 25.
        package var submission = false
        /// Whether each connection to these ports begins with a header of the PROXY protocol, in which the load balancer
        /// tells the sender's own address.
        package var proxyProtocol = false
        /// The certificate that senders are shown; without one, they find no TLS.
        package var certificate: CertificateFiles?
        /// Whether and how strictly mail goes out by TLS: Postfix's `smtp_tls_security_level`.
        package var outboundTLS = TLSLevel.may
        /// Domains whose mail has a way of its own: the service's own, so that its bounces reach its mailboxes.
        package var transports: [Transport] = []
        /// Receiving domains whose mail goes out at a pace, or by a level of TLS, of its own.
        package var paced: [Destination] = []
        /// The host for all other mail; without one, mail goes to each domain's own servers.
        package var upstream: Upstream?
        /// The keys that outgoing mail is signed with; none where it is not signed.
        package var dkim: [DKIMKey] = []
        /// Whether mail waits for the signer where it does not answer; otherwise such mail goes out unsigned.
        package var isDKIMRequired = true
        /// Whether a node joins its load balancers also while receivers can't verify its signatures.
        package var allowsUnpublishedDKIM = false
        /// The rules about senders, and the addresses that mail leaves with.
        package var senders = SenderRules()
        /// The settings of delivery.
        package var delivery = DeliverySettings()
        /// `[mail.limits]`: what one sender may send.
        package var limits = ClientLimits()
        /// `[postfix]`: the operator's own parameters of main.cf.
        package var parameters: [OperatorParameter] = []

        package init(
            domain: DomainName,
            hostname: DomainName? = nil,
            destinations: [DomainName] = [],
            networks: [AllowedNetwork] = [.vpc],
            allowPublicNetworks: [IPNetwork] = []
        ) {
            self.domain = domain
            self.hostname = hostname
            self.destinations = destinations
            self.networks = networks
            self.allowPublicNetworks = allowPublicNetworks
        }

        /// Whether mail goes through the signer, which also looks at the senders.
        package var usesSigner: Bool { !dkim.isEmpty || senders.isSet }

        /// Whether mail waits for the signer where it does not answer.
        package var needsSigner: Bool { senders.refuses || !dkim.isEmpty && isDKIMRequired }
    }
}

/// A domain, and where its mail goes.
package struct Transport: Sendable, Hashable, CustomStringConvertible {
    package let domain: DomainName
    package let nexthop: NextHop

    /// Parses `example.com=[mx.internal]:25`.
    package init(_ text: some StringProtocol) throws(InvalidValue) {
        let pair = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard pair.count == 2 else {
            throw InvalidValue(text, expected: "a domain and its next hop, such as example.com=[mx.internal]:25")
        }
        self.domain = try DomainName(pair[0])
        self.nexthop = try NextHop(pair[1])
    }

    package var description: String { "\(domain)=\(nexthop)" }
}

/// The next stop of mail, as Postfix writes it (transport(5)): a domain whose MX records are asked for, or in brackets
/// a host or an address without such a look-up, and a port.
package struct NextHop: Sendable, Hashable, CustomStringConvertible {
    package let description: String

    /// A host that is not asked for its MX records.
    package init(host: DomainName, port: UInt16) { self.description = "[\(host)]:\(port)" }

    package init(_ text: some StringProtocol) throws(InvalidValue) {
        var name = Substring(text)
        if let colon = name.lastIndex(of: ":"), name.last != "]" {
            guard let port = UInt16(name[name.index(after: colon)...]), port > 0 else { throw Self.wrong(text) }
            name = name[..<colon]
        }
        if name.hasPrefix("["), name.hasSuffix("]") {
            let host = name.dropFirst().dropLast()
            let isIPv6 = host.lowercased().hasPrefix("ipv6:")
            let address = try? IPAddress(isIPv6 ? host.dropFirst(5) : host)
            guard address?.family == (isIPv6 ? .ipv6 : .ipv4) || (try? DomainName(host)) != nil else {
                throw Self.wrong(text)
            }
        } else if (try? DomainName(name)) == nil {
            throw Self.wrong(text)
        }
        self.description = text.lowercased()
    }

    private static func wrong(_ text: some StringProtocol) -> InvalidValue {
        InvalidValue(text, expected: "a next hop, such as [mx.internal]:25, [10.0.0.7] or example.com")
    }
}

/// A server's certificate and its key.
package struct CertificateFiles: Sendable, Equatable {
    /// The chain in PEM, the server's own first.
    package var certificate: PlainPath
    /// Its key in PEM, without a passphrase.
    package var key: PlainPath

    package init(certificate: PlainPath, key: PlainPath) {
        self.certificate = certificate
        self.key = key
    }
}

/// Postfix's levels of TLS on the way out (postconf(5), smtp_tls_security_level).
package enum TLSLevel: String, Sendable, CaseIterable {
    case none
    case may
    case encrypt
    case dane
    case daneOnly = "dane-only"
    case fingerprint
    case verify
    case secure

    /// Whether certificates are judged by their signers.
    package var needsAuthorities: Bool { self == .verify || self == .secure }
}

/// A file's absolute path of plain characters, safe to stand in main.cf as it is.
package struct PlainPath: Sendable, Hashable, CustomStringConvertible {
    package let description: String

    package init(_ text: some StringProtocol) throws(InvalidValue) {
        let allowed = text.utf8.allSatisfy { $0.isLetterDigitOrHyphen || "/._+@".utf8.contains($0) }
        guard text.hasPrefix("/"), !text.hasSuffix("/"), allowed, text.utf8.count <= 1024 else {
            throw InvalidValue(text, expected: "an absolute path of letters, digits and '/._+@-'")
        }
        self.description = String(text)
    }
}

/// The place of the allowed networks: in main.cf itself, or in a `cidr:` table beside it.
package enum NetworkTable: String, Sendable, CaseIterable {
    /// In a table where they are many.
    case auto
    case always
    case never
}

/// One entry of `mail.networks`.
package enum AllowedNetwork: Sendable, Hashable, CustomStringConvertible {
    /// Every range of the VPC, as metadata lists them.
    case vpc
    /// The instance's own subnet.
    case subnet
    /// A range given literally.
    case network(IPNetwork)

    package init(_ text: String) throws(InvalidValue) {
        switch text {
        case "vpc": self = .vpc
        case "subnet": self = .subnet
        default:
            guard let network = try? IPNetwork(text) else {
                throw InvalidValue(text, expected: "\"vpc\", \"subnet\" or a network in CIDR form, such as 10.0.0.0/16")
            }
            self = .network(network)
        }
    }

    package var description: String {
        switch self {
        case .vpc: "vpc"
        case .subnet: "subnet"
        case .network(let network): network.description
        }
    }
}
