extension NodeSettings {
    /// `[mail]`: what Postfix is to be.
    package struct Mail: Sendable, Equatable {
        /// The service's own mail domain: Postfix's `mydomain`.
        package var domain: DomainName
        /// Postfix's `myhostname`; by default `ip-10-0-1-10.DOMAIN`, made of the private address.
        package var hostname: DomainName?
        /// Domains delivered on this node besides its own host name: added to Postfix's `mydestination`.
        package var destinations: [DomainName]
        /// Whose mail is relayed: loopback, which is always allowed, and these.
        package var networks: [AllowedNetwork]
        /// Public ranges wider than /24 or /48 that `networks` may name all the same.
        package var allowPublicNetworks: [IPNetwork]
        /// Whole private ranges, such as `10.0.0.0/8`, that `networks` may name all the same.
        package var allowPrivateNetworks: [IPNetwork] = []
        /// Whether the networks stand in a table of their own.
        package var networkTable = NetworkTable.auto
        /// Whether mail is taken on port 587 as well as on 25.
        package var submission = false

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
    }
}

/// Where the allowed networks stand: in main.cf itself, or in a `cidr:` table beside it.
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
