import Vocabulary

extension ValueReader {
    /// `[mail]`; `nil` where the domain is wrong or missing.
    func mail() -> NodeSettings.Mail? {
        if let key = SettingKey.named("mail.domain"), entry(key.name) == nil, requiresAll {
            problems.append(.missing(key))
        }
        let domain = one("mail.domain", DomainName.init)
        // What else is wrong is told as well where the domain is.
        guard let some = domain ?? (try? DomainName("domain.invalid")) else { return nil }
        var mail = NodeSettings.Mail(domain: some)
        mail.hostname = one("mail.hostname", DomainName.init)
        mail.destinations = many("mail.destinations", DomainName.init)
        mail.networks = many("mail.networks", AllowedNetwork.init)
        mail.allowPublicNetworks = many("mail.allow_public_networks", IPNetwork.init)
        mail.allowPrivateNetworks = many("mail.allow_private_networks", IPNetwork.init)
        mail.networkTable = choice("mail.network_table") ?? .auto
        mail.transports = transports(besides: mail.destinations)
        mail.submission = flag("mail.submission")
        mail.certificate = both("mail.tls.certificate", "mail.tls.key", PlainPath.init).map(CertificateFiles.init)
        mail.outboundTLS = choice("mail.tls.outbound_level") ?? .may
        return domain == nil ? nil : mail
    }

    private func transports(besides destinations: [DomainName]) -> [Transport] {
        let transports = many("mail.transport", Transport.init)
        guard let entry = entry("mail.transport") else { return transports }
        var known = Set<DomainName>()
        for domain in transports.map(\.domain) {
            if destinations.contains(domain) {
                let reason = "\(domain) is in mail.destinations too, and can't be delivered both here and there"
                problems.append(.unwanted(entry.key.name, in: entry.source, reason))
            }
            if !known.insert(domain).inserted {
                problems.append(.unwanted(entry.key.name, in: entry.source, "\(domain) is there more than once"))
            }
        }
        return transports
    }

    /// Two settings of which neither makes sense alone.
    private func both<Value>(
        _ first: String,
        _ second: String,
        _ parse: (String) throws(InvalidValue) -> Value
    ) -> (Value, Value)? {
        for (name, other) in [(first, second), (second, first)] where entry(other) == nil {
            guard let entry = entry(name) else { continue }
            problems.append(.unwanted(name, in: entry.source, "it needs \(other) too"))
        }
        guard let left = one(first, parse), let right = one(second, parse) else { return nil }
        return (left, right)
    }

    /// One of a few words.
    private func choice<Value: RawRepresentable & CaseIterable>(_ name: String) -> Value?
    where Value.RawValue == String {
        one(name) { (text) throws(InvalidValue) in
            guard let value = Value(rawValue: text) else {
                let words = Value.allCases.map { "\"\($0.rawValue)\"" }
                throw InvalidValue(text, expected: "one of \(words.joined(separator: ", "))")
            }
            return value
        }
    }
}
