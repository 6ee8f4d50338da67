package import Vocabulary

/// Postfix as a relay for the allowed networks.
package struct PostfixConfiguration: Sendable, Equatable {
    /// A parameter of main.cf (postconf(5)).
    package struct Parameter: Sendable, Equatable {
        package let name: String
        package let value: String

        init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// Every parameter that is the agent's; all others are the operator's and the distribution's.
    package let parameters: [Parameter]
    /// The parameters that the agent sets only while a setting, or a fact of the instance, asks for them.
    package let asked: [Parameter]
    /// The operator's own parameters, of `[postfix]`.
    package let section: [OperatorParameter]
    /// The parameters that the agent sets only where main.cf does not have them.
    private let presets: [Parameter]
    /// The signer, where mail is signed.
    private let signer: SignerParts?
    /// The tables that settings ask for.
    package let tables: [PostfixTable]
    /// A table that the parameters name as well, which stays as it is.
    package let keptTable: PostfixTable.Name?
    /// The receiving domains with a pace, or a TLS level, of their own.
    package let destinations: DestinationParts
    /// The host for all mail without a route of its own.
    package let upstream: Upstream?
    /// The certificate that senders are shown.
    package let certificate: CertificateFiles?
    /// The ports that mail is taken on.
    package let ports: [UInt16]
    /// Whether each connection to these begins with a header of the PROXY protocol.
    package let isProxied: Bool
    /// The Postfix that it is for.
    package let version: PostfixVersion
    /// The node's own address, at which the load balancer reaches Postfix.
    package let address: IPAddress
    /// The routes of a node that has left, which still delivers its mail; `nil` for a node that stays.
    package let leaving: LeavingRoutes?

    init(
        _ mail: NodeSettings.Mail,
        facts: InstanceFacts,
        allowed: AllowedNetworks,
        families: Set<IPAddress.Family>,
        authorities: String,
        password: Secret?,
        leaving: LeavingRoutes?,
        version: PostfixVersion
    ) {
        self.version = version
        self.address = facts.privateAddress
        self.upstream = mail.upstream
        self.destinations = DestinationParts(mail, authorities: authorities)
        self.keptTable = mail.upstream?.login != nil && password == nil ? .passwords : nil
        self.certificate = mail.certificate
        let parts = AskedParts(
            mail,
            authorities: authorities,
            password: password,
            probes: Self.probes(of: allowed, families, facts, isProxied: mail.proxyProtocol),
            version: version
        )
        let asked = parts.groups.flatMap(\.parameters) + Self.greeting(mail, facts)
        var names: Set<String> = []
        self.asked = asked.filter { names.insert($0.name).inserted }
        self.section = mail.parameters
        self.presets = Self.presets(families, version)
        self.signer = SignerParts(mail, version: version)
        self.leaving = leaving
        self.ports = mail.ports
        self.isProxied = mail.proxyProtocol
        let hostname = mail.hostname?.description ?? "\(facts.privateAddress.hostLabel).\(mail.domain)"
        let destinations = ["$myhostname", "localhost.$mydomain", "localhost"] + mail.destinations.map(\.description)
        // Both lists, since Postfix before 2.10 knows only the one, and an open one of the two is not enough.
        // A stranger gets nothing, also not for the domains that the relay delivers: it is there for its own senders.
        let relayPolicy = "permit_mynetworks, reject_unauth_destination, reject"
        let networks = NetworkList(allowed, table: mail.networkTable, version: version)
        self.tables = [networks.table].compactMap(\.self) + parts.tables
        let own = [
            Parameter("mydomain", mail.domain.description),
            Parameter("myhostname", hostname),
            Parameter("myorigin", "$mydomain"),
            Parameter("mydestination", destinations.joined(separator: ", ")),
            Parameter("mynetworks", networks.value),
            Parameter("inet_interfaces", "all"),
            Parameter("inet_protocols", families.contains(.ipv6) ? "all" : "ipv4"),
            // Its default is $mydestination on older Postfix, and would relay for these to any host.
            Parameter("relay_domains", mail.transports.map { "\($0.domain)" }.joined(separator: ", ")),
            Parameter("smtpd_relay_restrictions", relayPolicy),
            // Every Postfix has this list, and asks it for each recipient.
            Parameter("smtpd_recipient_restrictions", "\(Self.leavingCheck(version)), \(relayPolicy)"),
            // Postfix takes a bare <postmaster> from everyone, whatever the lists above say (RFC 5321, section 4.5.1).
            Parameter("smtpd_data_restrictions", "permit_mynetworks, reject"),
            // A client with XCLIENT can take the role of an allowed host. Only this node may use it, to prove its doors.
            Parameter("smtpd_authorized_xclient_hosts", "\(facts.privateAddress)"),
            Parameter("smtpd_upstream_proxy_protocol", mail.proxyProtocol ? "haproxy" : ""),
            // The same for postscreen, where an operator has it stand before smtpd.
            Parameter("postscreen_upstream_proxy_protocol", mail.proxyProtocol ? "haproxy" : ""),
            Parameter("smtp_tls_security_level", mail.outboundTLS.rawValue),
            Parameter("smtpd_banner", "$myhostname ESMTP"),
            Parameter("disable_vrfy_command", "yes"),
            Parameter("biff", "no"),
        ]
        let known = version < .havingRelayRestrictions ? own.filter(\.isOfOldPostfix) : own
        let others = Set(mail.parameters.map(\.name))
        self.parameters = known.filter { !(Self.yielding.contains($0.name) && others.contains($0.name)) }
    }

    /// main.cf with the agent's parameters set.
    package func mainCf(from current: String) -> String {
        var file = MainCf(current).withoutParts
        let allValues = file.allValues
        let values = allValues.compactMapValues(\.last)
        for parameter in parameters where allValues[parameter.name] != [parameter.value] {
            file.set(parameter.name, to: parameter.value)
        }
        let section = section.map { ($0.name, $0.value) }
        let chosen = values.merging(section) { _, last in last }
        let others =
            ProxiedTables(version).parameter(of: chosen["proxy_read_maps"]) + presets.filter { chosen[$0.name] == nil }
            + (signer?.parameters(beside: chosen) ?? [])
        // The agent's list is the operator's with one table, or one milter, more.
        let extended = Set(others.map(\.name))
        return file.with(.settings, (asked + others).map { ($0.name, $0.value) })
            .with(.section, section.filter { !extended.contains($0.0) })
            .leaving(leaving).text
    }

    /// The values that Postfix has to read in main.cf for the agent's parameters: the last of several wins.
    package var effective: [String: String] {
        let leaving = (leaving?.parameters ?? []).map { ($0.name, $0.value) }
        // postconf(1) before 2.9 does not print the parameters of transports.
        let printed = asked.filter {
            version >= .listingServices || !$0.name.hasPrefix(DestinationParts.Service.prefix)
        }
        let all = (parameters + printed).map { ($0.name, $0.value) } + leaving
        let values = Dictionary(all) { _, last in last }
        guard let routes = self.leaving, routes.handOver == nil else { return values }
        return values.merging(values.keys.filter(\.isRateDelay).map { ($0, "0s") }) { _, last in last }
    }

    /// The parameters that decide who may relay; main.cf must have them, whatever else it has.
    package var policy: [String: String] { effective.filter { Self.policyNames.contains($0.key) } }

    /// All tables that the parameters name.
    package var allTables: [PostfixTable] { tables + [.leaving(refusing: leaving?.refusesMail ?? false)] }

    /// The table that `mynetworks` names, if it does.
    package var networkTable: PostfixTable? { tables.first { $0.name == .networks } }

    /// The names of `parameters`, with any settings.
    package static let ownNames = [
        "mydomain", "myhostname", "myorigin", "mydestination", "mynetworks", "inet_interfaces", "inet_protocols",
        "relay_domains", "smtpd_relay_restrictions", "smtpd_recipient_restrictions", "smtpd_data_restrictions",
        "smtpd_authorized_xclient_hosts", "smtpd_upstream_proxy_protocol", "postscreen_upstream_proxy_protocol",
        "smtp_tls_security_level", "smtpd_banner", "disable_vrfy_command", "biff",
    ]

    /// The clients as which the doors are tried: the node itself, and behind a proxy's header each of the self-test's hosts.
    private static func probes(
        of allowed: AllowedNetworks,
        _ families: Set<IPAddress.Family>,
        _ facts: InstanceFacts,
        isProxied: Bool
    ) -> [IPAddress] {
        // Postfix does not limit a client with XCLIENT; a health check of the port comes without one.
        guard isProxied else { return [facts.privateAddress] }
        let clients = SelfTest.clients(of: allowed, families)
        return [facts.privateAddress] + clients.insiders + clients.outsiders
    }

    private static let policyNames: Set = [
        "mydestination", "mynetworks", "relay_domains", "smtpd_relay_restrictions", "smtpd_recipient_restrictions",
        "smtpd_data_restrictions", "smtpd_authorized_xclient_hosts", "smtpd_upstream_proxy_protocol",
        "postscreen_upstream_proxy_protocol",
    ]

    private static func presets(_ families: Set<IPAddress.Family>, _ version: PostfixVersion) -> [Parameter] {
        // Sessions with TLS are counted by the log.
        let all = [Parameter("smtp_tls_loglevel", "1"), Parameter("smtpd_tls_loglevel", "1")]
        guard families.contains(.ipv6), version >= .preferringFamily else { return all }
        // Amazon's IPv6 addresses have no names, and large receivers refuse mail from such addresses. So IPv4 is tried first.
        return all + [Parameter("smtp_address_preference", "ipv4")]
    }

    /// The greeting is the name of the node's address where possible, since receivers compare them.
    private static func greeting(_ mail: NodeSettings.Mail, _ facts: InstanceFacts) -> [Parameter] {
        guard mail.hostname == nil, let name = facts.publicName else { return [] }
        return [Parameter(greeting, "\(name)")]
    }

    /// The parameter of the name that Postfix greets other servers with.
    package static let greeting = "smtp_helo_name"

    static func outboundTLS(_ level: TLSLevel, authorities: String) -> [Parameter] {
        switch level {
        case .verify, .secure: [Parameter("smtp_tls_CAfile", authorities)]
        // TLS_README: the records have to be signed, and Postfix looks at that only when told to.
        case .dane, .daneOnly: [Parameter("smtp_dns_support_level", "dnssec")]
        case .none, .may, .encrypt, .fingerprint: []
        }
    }

    /// The action that a running Postfix needs to go from one main.cf to another: it binds its addresses once, at its
    /// start (postconf(5), inet_interfaces and inet_protocols).
    package static func action(from current: String?, to desired: String) -> ServiceAction {
        guard let current else { return .restart }
        if current == desired { return .none }
        let (before, after) = (MainCf(current), MainCf(desired))
        return ["inet_interfaces", "inet_protocols"].allSatisfy { before[$0] == after[$0] } ? .reload : .restart
    }
}

extension PostfixConfiguration.Parameter {
    /// Whether Postfix before 2.10 has it, or can't do without it: there, smtpd_recipient_restrictions decide alone.
    fileprivate var isOfOldPostfix: Bool {
        name != "smtpd_relay_restrictions" && !(name.hasSuffix("_upstream_proxy_protocol") && value.isEmpty)
    }
}

extension IPAddress {
    /// The name that AWS makes of a host's address: `ip-10-0-1-10`.
    fileprivate var hostLabel: String {
        "ip-" + description.map { $0 == "." || $0 == ":" ? "-" : String($0) }.joined()
    }
}
