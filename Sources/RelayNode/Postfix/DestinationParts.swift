package import Vocabulary

/// The receiving domains with a pace, or a TLS level, of their own: each has a service of Postfix's master, which is its
/// transport.
///
/// Postfix limits each pair of a transport and a nexthop, so domains that share a smarthost still have a pace each. The TLS
/// level is an option of the service: a table of policies has one level for each nexthop, which domains may share too.
package struct DestinationParts: Sendable, Equatable {
    /// A transport, as master.cf has it.
    struct Service: Sendable, Equatable {
        let name: String
        let entry: [String]
    }

    /// A domain, and the transport and nexthop of its mail (transport(5)).
    struct Route: Sendable, Equatable {
        let domain: DomainName
        let way: String
    }

    let services: [Service]
    let parameters: [PostfixConfiguration.Parameter]
    /// The rows of the table of transports.
    let routes: [Route]
    /// The domains whose mail goes to their own servers.
    package let direct: [DomainName]
    /// The domains that need DANE, which not every Postfix has.
    package let secured: [DomainName]

    /// - Parameter authorities: The system's file of the certificate authorities that it trusts.
    init(_ mail: NodeSettings.Mail, authorities: String) {
        typealias Parameter = PostfixConfiguration.Parameter
        let others = Dictionary(mail.transports.map { ($0.domain, $0.nexthop) }) { first, _ in first }
        self.services = mail.paced.map { destination in
            let isForSmarthost = others[destination.domain] == nil && mail.upstream?.isImplicitTLS == true
            return Service(destination, startsWithTLS: isForSmarthost)
        }
        let limits = mail.paced.flatMap { destination -> [Parameter] in
            let prefix = Service.name(of: destination.domain) + "_destination_"
            // A limit of one recipient would make each address a destination of its own (postconf(5)).
            let recipients = Parameter(prefix + "recipient_limit", "50")
            switch destination.pace {
            case .concurrency(let limit)?: return [Parameter(prefix + "concurrency_limit", "\(limit)"), recipients]
            case .rate(let rate)?: return [Parameter(prefix + "rate_delay", "\(rate.pause)s"), recipients]
            case nil: return []
            }
        }
        let isVerified = mail.paced.contains { $0.tls?.needsAuthorities == true }
        self.parameters = limits + (isVerified ? [Parameter("smtp_tls_CAfile", authorities)] : [])
        let upstream = mail.upstream?.nexthop
        self.routes = mail.paced.map { destination in
            let nexthop = others[destination.domain] ?? upstream
            // Without a nexthop, it is the recipient's domain.
            let way = "\(Service.name(of: destination.domain)):\(nexthop?.description ?? "")"
            return Route(domain: destination.domain, way: way)
        }
        self.direct = mail.paced.map(\.domain).filter { others[$0] == nil && upstream == nil }
        self.secured = mail.paced.filter { $0.tls == .dane || $0.tls == .daneOnly }.map(\.domain)
    }
}

extension DestinationParts.Service {
    init(_ destination: Destination, startsWithTLS: Bool) {
        let name = Self.name(of: destination.domain)
        let tls = destination.tls.map { level in
            [Self.level + level.rawValue, Self.ownPolicy] + (level.isByDNS ? [Self.signedDNS] : [])
        }
        self.name = name
        self.entry =
            Self.opening(name) + (startsWithTLS ? [Self.wrapper] : []) + (tls ?? [])
    }

    /// The name of a domain's service: `destination-example_com`.
    ///
    /// No domain has an underscore, so each has another name. A service is a socket too, and its path may have 107 bytes
    /// (unix(7)), so the name of a long domain ends with its hash.
    static func name(of domain: DomainName) -> String {
        let label = "\(domain)".replacing(".", with: "_")
        guard label.utf8.count > 60 else { return prefix + label }
        // FNV-1a, since Swift's own hashes differ between two runs.
        let hash = label.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        return prefix + label.prefix(40) + "__" + String(hash, radix: 16)
    }

    /// Whether these lines of master.cf are such a service's, as the agent writes it.
    static func isOwn(_ lines: [String], name: String) -> Bool {
        let opening = opening(name)
        guard name.hasPrefix(prefix), lines.starts(with: opening) else { return false }
        return lines.dropFirst(opening.count).allSatisfy { line in
            [wrapper, ownPolicy, signedDNS].contains(line) || line.hasPrefix(level)
        }
    }

    /// The start of each name.
    static let prefix = "destination-"

    private static func opening(_ name: String) -> [String] {
        ["\(name) unix - - n - - smtp", "  -o syslog_name=postfix/\(name)"]
    }

    private static let wrapper = "  -o smtp_tls_wrappermode=yes"
    private static let level = "  -o smtp_tls_security_level="
    private static let ownPolicy = "  -o smtp_tls_policy_maps="
    private static let signedDNS = "  -o smtp_dns_support_level=dnssec"
}

extension TLSLevel {
    /// Whether signed DNS records say which certificate a server has (TLS_README, DANE).
    fileprivate var isByDNS: Bool { self == .dane || self == .daneOnly }
}

extension MasterCf {
    /// The agent's own transports of receiving domains.
    var destinations: [(name: String, entry: [String])] {
        entries.filter { $0.type == "unix" && DestinationParts.Service.isOwn(text(of: $0), name: $0.service) }
            .map { ($0.service, text(of: $0)) }
    }

    /// Puts these transports in the place of the ones that an earlier pass wrote.
    mutating func set(_ services: [DestinationParts.Service]) {
        for former in destinations where !services.contains(where: { $0.name == former.name }) {
            remove(former.name, "unix", where: former.entry)
        }
        for service in services { set(service.name, "unix", to: service.entry) }
    }
}
