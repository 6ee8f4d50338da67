import Vocabulary

/// The parameters and tables that settings of `[mail]` ask for, with the names of these settings.
struct AskedParts: Sendable {
    /// The parameters of one setting.
    struct Group: Sendable {
        let setting: String
        let parameters: [PostfixConfiguration.Parameter]
    }

    let groups: [Group]
    let tables: [PostfixTable]

    /// - Parameters:
    ///   - authorities: The system's file of the certificate authorities that it trusts.
    ///   - password: Of the user that the smarthost knows; `nil` where Postfix is to go on with the one that it has.
    ///   - probes: The clients as which the doors are tried.
    init(
        _ mail: NodeSettings.Mail,
        authorities: String,
        password: Secret?,
        probes: [IPAddress],
        version: PostfixVersion
    ) {
        let destinations = DestinationParts(mail, authorities: authorities)
        let transports = Self.transports(mail, destinations, version)
        let smarthost = mail.upstream.map {
            SmarthostParts($0, password: password, authorities: authorities, version: version)
        }
        let delivery = DeliveryParts(mail.delivery, domain: mail.domain, version: version)
        let rewriting = RewritingParts(mail.senders.rewriting, version: version)
        self.groups = [
            Group(setting: "mail.upstream.host", parameters: smarthost?.parameters ?? []),
            Group(
                setting: mail.delivery.hidesInternalHeaders ? "mail.hide_internal_headers" : "mail.message_size_limit",
                parameters: delivery.parameters
            ),
            Group(
                setting: mail.transports.isEmpty ? "mail.destination" : "mail.transport",
                parameters: transports.parameters
            ),
            Group(setting: "mail.destination", parameters: destinations.parameters),
            Group(setting: "[mail.rewrite]", parameters: rewriting.parameters),
            Group(setting: "[mail.limits]", parameters: LimitParts(mail.limits, probes: probes).parameters),
            Group(setting: "mail.tls.certificate", parameters: Self.certificate(mail)),
            Group(
                setting: "mail.tls.outbound_level",
                parameters: PostfixConfiguration.outboundTLS(mail.outboundTLS, authorities: authorities)
            ),
        ]
        self.tables =
            [transports.table].compactMap(\.self) + (smarthost?.tables ?? []) + delivery.tables + rewriting.tables
    }

    private static func transports(
        _ mail: NodeSettings.Mail,
        _ destinations: DestinationParts,
        _ version: PostfixVersion
    ) -> (parameters: [PostfixConfiguration.Parameter], table: PostfixTable?) {
        let paced = Set(mail.paced.map(\.domain))
        let plain = mail.transports.filter { !paced.contains($0.domain) }
        let rows =
            plain.map { (key: "\($0.domain)", value: "smtp:\($0.nexthop)") }
            + destinations.routes.map { (key: "\($0.domain)", value: $0.way) }
        guard !rows.isEmpty else { return ([], nil) }
        let name = PostfixTable.Name.transports
        return (
            [PostfixConfiguration.Parameter("transport_maps", name.reference(version))],
            PostfixTable(name, rows, for: version)
        )
    }

    private static func certificate(_ mail: NodeSettings.Mail) -> [PostfixConfiguration.Parameter] {
        guard let files = mail.certificate else { return [] }
        return [
            PostfixConfiguration.Parameter("smtpd_tls_security_level", "may"),
            PostfixConfiguration.Parameter("smtpd_tls_cert_file", "\(files.certificate)"),
            PostfixConfiguration.Parameter("smtpd_tls_key_file", "\(files.key)"),
        ]
    }
}
