import Vocabulary

extension ValueReader {
    /// `[mail]`; `nil` where the domain is wrong or missing.
    func mail() -> NodeSettings.Mail? {
        if let key = SettingKey.named("mail.domain"), entry(key.name) == nil {
            problems.append(.missing(key))
        }
        let domain = one("mail.domain", DomainName.init)
        // Other problems are reported even if the domain is invalid.
        guard let some = domain ?? (try? DomainName("domain.invalid")) else { return nil }
        var mail = NodeSettings.Mail(domain: some)
        mail.hostname = hostname(below: some)
        mail.destinations = many("mail.destinations", DomainName.init)
        mail.networks = many("mail.networks", AllowedNetwork.init)
        mail.allowPublicNetworks = many("mail.allow_public_networks", IPNetwork.init)
        mail.allowPrivateNetworks = many("mail.allow_private_networks", IPNetwork.init)
        mail.networkTable = choice("mail.network_table") ?? .auto
        mail.transports = transports(besides: mail.destinations)
        mail.upstream = upstream()
        mail.paced = destinations(beside: mail)
        mail.dkim = signingKeys()
        mail.isDKIMRequired = flag("mail.dkim_required")
        mail.allowsUnpublishedDKIM = flag("mail.allow_unpublished_dkim")
        mail.delivery = delivery()
        mail.submission = flag("mail.submission")
        mail.proxyProtocol = flag("mail.proxy_protocol")
        mail.certificate = both("mail.tls.certificate", "mail.tls.key", PlainPath.init).map(CertificateFiles.init)
        mail.outboundTLS = choice("mail.tls.outbound_level") ?? .may
        mail.senders = senderRules()
        mail.limits = limits()
        mail.parameters = parameters(beside: mail)
        return domain == nil ? nil : mail
    }

    /// Postfix delivers mail for its host name to itself, so a tag may not name just any.
    private func hostname(below domain: DomainName) -> DomainName? {
        let hostname = one("mail.hostname", DomainName.init)
        guard let hostname, let entry = entry("mail.hostname"), case .tag = entry.source else { return hostname }
        if case .tag = self.entry("mail.domain")?.source ?? .standard {
            problems.append(.hostnameOutside("\(domain)", in: entry.source))
        } else if !hostname.description.hasSuffix(".\(domain)") {
            problems.append(.hostnameOutside("\(domain)", in: entry.source))
        }
        return hostname
    }

    private func transports(besides destinations: [DomainName]) -> [Transport] {
        let transports = many("mail.transport", Transport.init)
        guard let entry = entry("mail.transport") else { return transports }
        var known = Set<DomainName>()
        for domain in transports.map(\.domain) {
            if destinations.contains(domain) {
                let reason = "\(domain) is in mail.destinations too; a domain can't be in both"
                problems.append(.unwanted(entry.key.name, in: entry.source, reason))
            }
            if !known.insert(domain).inserted {
                problems.append(.unwanted(entry.key.name, in: entry.source, "\(domain) is listed more than once"))
            }
        }
        return transports
    }

    private func signingKeys() -> [DKIMKey] {
        let keys = many("mail.dkim", DKIMKey.init)
        guard let entry = entry("mail.dkim") else { return keys }
        var known = Set<String>()
        for key in keys where !known.insert(key.recordName).inserted {
            let reason = """
                \(key.domain) has the selector \(key.selector) more than once; give each key a selector of its own
                """
            problems.append(.unwanted(entry.key.name, in: entry.source, reason))
        }
        return keys
    }

    private func upstream() -> Upstream? {
        let host = one("mail.upstream.host", DomainName.init)
        let port = number("mail.upstream.port")
        let user = one("mail.upstream.username", UserName.init)
        let file = one("mail.upstream.password_file", PlainPath.init)
        let parameter = one("mail.upstream.password_parameter", ParameterName.init)
        if let other = entry("mail.upstream.password_parameter") {
            requireBoth("mail.upstream.username", other.key.name)
            if let entry = entry("mail.upstream.password_file") {
                problems.append(
                    .unwanted(entry.key.name, in: entry.source, "\(other.key.name) is set as well (\(other.source))")
                )
            }
        } else {
            requireBoth("mail.upstream.username", "mail.upstream.password_file")
        }
        if let entry = entry("mail.upstream.username"), self.entry("mail.upstream.host") == nil {
            problems.append(.unwanted(entry.key.name, in: entry.source, "it needs mail.upstream.host too"))
        }
        guard let host, let port else { return nil }
        let place = file.map(Upstream.Place.file) ?? parameter.map(Upstream.Place.parameter)
        guard let user, let place else { return Upstream(host: host, port: UInt16(port)) }
        return Upstream(host: host, port: UInt16(port), login: Upstream.Login(user: user, password: place))
    }

    private func delivery() -> DeliverySettings {
        var delivery = DeliverySettings()
        delivery.messageSizeLimit = number("mail.message_size_limit")
        delivery.maximalQueueLifetime = one("mail.maximal_queue_lifetime", PostfixTime.init)
        delivery.bounceQueueLifetime = one("mail.bounce_queue_lifetime", PostfixTime.init)
        delivery.destinationConcurrencyLimit = number("mail.default_destination_concurrency_limit")
        delivery.destinationRateDelay = one("mail.default_destination_rate_delay", PostfixTime.init)
        delivery.hidesInternalHeaders = flag("mail.hide_internal_headers")
        return delivery
    }

    /// A whole number, in the range of its declaration.
    func number(_ name: String) -> Int? {
        guard let entry = entry(name), case .number(let number) = entry.value,
            case .integer(let range) = entry.key.values
        else { return nil }
        return parsed(entry) { () throws(InvalidValue) in
            guard range.contains(number) else {
                throw InvalidValue("\(number)", expected: "a number from \(range.lowerBound) to \(range.upperBound)")
            }
            return number
        }
    }

    /// Two settings of which neither makes sense alone.
    private func both<Value>(
        _ first: String,
        _ second: String,
        _ parse: (String) throws(InvalidValue) -> Value
    ) -> (Value, Value)? {
        requireBoth(first, second)
        guard let left = one(first, parse), let right = one(second, parse) else { return nil }
        return (left, right)
    }

    private func requireBoth(_ first: String, _ second: String) {
        for (name, other) in [(first, second), (second, first)] where entry(other) == nil {
            guard let entry = entry(name) else { continue }
            problems.append(.unwanted(name, in: entry.source, "it needs \(other) too"))
        }
    }
}
