import Vocabulary

/// Parses the values in force into their types, and collects what is wrong with them.
final class ValueReader {
    private let entries: [SettingEntry]
    private let requiresAll: Bool
    private(set) var problems: [SettingsProblem] = []

    /// - Parameters:
    ///   - entries: The strongest first.
    ///   - requiresAll: Whether a required setting that is missing is a problem.
    init(_ entries: [SettingEntry], requiresAll: Bool = true) {
        self.entries = entries
        self.requiresAll = requiresAll
    }

    /// `nil` where a value is wrong or missing.
    func settings() -> NodeSettings? {
        let domain = domain()
        let hostname = one("mail.hostname", DomainName.init)
        let mail = (
            destinations: many("mail.destinations", DomainName.init),
            networks: many("mail.networks", AllowedNetwork.init),
            allowed: many("mail.allow_public_networks", IPNetwork.init)
        )
        let health = NodeSettings.Health(
            port: port("health.port"),
            path: one("health.path", HealthPath.init) ?? .standard
        )
        let loadBalancer = NodeSettings.LoadBalancer(
            classic: many("load_balancer.classic", ClassicLoadBalancerName.init),
            allowOpenToWorld: flag("load_balancer.allow_open_to_world"),
            timeout: duration("load_balancer.timeout")
        )
        let packages = NodeSettings.Packages(timeout: duration("packages.timeout"))
        let metadata = metadata()
        guard let domain, problems.isEmpty else { return nil }
        return NodeSettings(
            mail: NodeSettings.Mail(
                domain: domain,
                hostname: hostname,
                destinations: mail.destinations,
                networks: mail.networks,
                allowPublicNetworks: mail.allowed
            ),
            health: health,
            loadBalancer: loadBalancer,
            metadata: metadata,
            packages: packages
        )
    }

    func metadata() -> NodeSettings.Metadata {
        NodeSettings.Metadata(allowVersion1: flag("metadata.imdsv1"), timeout: duration("metadata.timeout"))
    }

    /// Every setting with its value in force and where that came from.
    func values() -> [ResolvedValue] {
        SettingKey.all.map { key in
            let entry = entry(key.name)
            return ResolvedValue(
                key: key.name,
                value: entry.map { "\($0.value)" } ?? key.standard,
                source: entry?.source ?? .standard
            )
        }
    }

    private func entry(_ name: String) -> SettingEntry? { entries.first { $0.key.name == name } }

    private func domain() -> DomainName? {
        if let key = SettingKey.named("mail.domain"), entry(key.name) == nil, requiresAll {
            problems.append(.missing(key))
        }
        return one("mail.domain", DomainName.init)
    }

    private func one<Value>(_ name: String, _ parse: (String) throws(InvalidValue) -> Value) -> Value? {
        guard let entry = entry(name), case .text(let text) = entry.value else { return nil }
        return parsed(text, entry, parse)
    }

    private func many<Value>(_ name: String, _ parse: (String) throws(InvalidValue) -> Value) -> [Value] {
        let standard: [String] = name == "mail.networks" ? ["vpc"] : []
        guard let entry = entry(name) else { return standard.compactMap { try? parse($0) } }
        guard case .list(let items) = entry.value else { return [] }
        return items.compactMap { parsed($0, entry, parse) }
    }

    private func parsed<Value>(
        _ text: String,
        _ entry: SettingEntry,
        _ parse: (String) throws(InvalidValue) -> Value
    ) -> Value? {
        do throws(InvalidValue) {
            return try parse(text)
        } catch {
            problems.append(.invalid(entry.key.name, in: entry.source, error))
            return nil
        }
    }

    private func flag(_ name: String) -> Bool {
        guard case .boolean(let value) = entry(name)?.value else { return false }
        return value
    }

    private func port(_ name: String) -> UInt16 {
        let standard: UInt16 = 80
        guard let entry = entry(name), case .number(let number) = entry.value else { return standard }
        guard let port = UInt16(exactly: number), port > 0, ![25, 465, 587, 10025].contains(port) else {
            let expected = "a free port, from 1 to 65535 and none of Postfix's (25, 465, 587, 10025)"
            problems.append(.invalid(name, in: entry.source, InvalidValue("\(number)", expected: expected)))
            return standard
        }
        return port
    }

    private func duration(_ name: String) -> Duration {
        let (value, source) =
            if let entry = entry(name) {
                (entry.value, entry.source)
            } else {
                (RawValue.text(SettingKey.named(name)?.standard?.filter { $0 != "\"" } ?? ""), ValueSource.standard)
            }
        do throws(InvalidValue) {
            return try Duration(setting: value)
        } catch {
            problems.append(.invalid(name, in: source, error))
            return .zero
        }
    }
}
