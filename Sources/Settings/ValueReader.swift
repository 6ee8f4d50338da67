import Vocabulary

/// Parses the values in force into their types, and collects what is wrong with them.
final class ValueReader {
    private let entries: SettingEntries
    var problems: [SettingsProblem] = []

    init(_ entries: SettingEntries) { self.entries = entries }

    /// The role of the host. A wrong value counts as none.
    func role() -> RoleName { choice("role") ?? .relay }

    /// The settings of a relay; `nil` where a value is wrong or missing.
    func settings() -> NodeSettings? {
        refuseSettings(notOf: .relay)
        let mail = mail()
        let port = self.port("health.port")
        let path = one("health.path", HealthPath.init)
        let proxyPort = self.port("health.proxy_port")
        let classic = many("load_balancer.classic", ClassicLoadBalancerName.init)
        let targetGroups = many("load_balancer.target_groups", TargetGroupARN.init)
        let joining = duration("load_balancer.timeout")
        let installing = duration("packages.timeout")
        let leaving = duration("shutdown.drain_timeout")
        let launch = launch()
        let terminationHook = one("auto_scaling.termination_hook", LifecycleHookName.init)
        let cloudWatch = cloudWatch(launch)
        let fleet = fleet()
        let reconcile = reconcile(loadBalancers: classic.count + targetGroups.count, fleet: fleet)
        _ = bootstrapTimeout()
        let health = port.flatMap { port in
            path.map { NodeSettings.Health(port: port, path: $0, proxyPort: proxyPort) }
        }
        if let health, let mail, mail.proxyProtocol, !classic.isEmpty, !targetGroups.isEmpty {
            requirePlainHealthChecks(health)
        }
        guard let metadata = metadata(), let mail, let health, let joining, let installing, let reconcile,
            let leaving, problems.isEmpty
        else { return nil }
        let loadBalancer = NodeSettings.LoadBalancer(
            classic: classic,
            targetGroups: targetGroups,
            allowOpenToWorld: flag("load_balancer.allow_open_to_world"),
            timeout: joining
        )
        return NodeSettings(
            mail: mail,
            health: health,
            loadBalancer: loadBalancer,
            metadata: metadata,
            packages: NodeSettings.Packages(timeout: installing),
            reconcile: reconcile,
            shutdown: NodeSettings.Shutdown(
                drainTimeout: leaving,
                evacuateQueue: flag("shutdown.evacuate_queue"),
                drainOnRebalance: flag("shutdown.drain_on_rebalance")
            ),
            launch: launch,
            terminationHook: terminationHook,
            cloudWatch: cloudWatch
        )
    }

    /// `nil` where a value is wrong.
    func reconcile(loadBalancers count: Int, fleet: FleetSettings? = nil) -> NodeSettings.Reconcile? {
        let interval = duration("reconcile.interval")
        return duration("reconcile.jitter").map { jitter in
            NodeSettings.Reconcile(
                resident: flag("reconcile.resident"),
                interval: interval ?? NodeSettings.Reconcile.interval(loadBalancers: count, fleet: fleet),
                jitter: jitter
            )
        }
    }

    /// A setting of another role is a mistake: its author expects an effect.
    func refuseSettings(notOf role: RoleName) {
        let other: RoleName = role == .relay ? .sender : .relay
        for entry in entries.all where entry.source != .standard && !entry.key.counts(in: role) {
            let reason = """
                it means nothing where role is "\(role.rawValue)"; remove it, or set role to "\(other.rawValue)"
                """
            problems.append(.unwanted(entry.key.name, in: entry.source, reason))
        }
    }

    /// Without what is wrong or not whole.
    func launch() -> NodeSettings.Launch {
        let (stackKey, resourceKey) = ("cloudformation.stack", "cloudformation.resource")
        if let lonely = [stackKey, resourceKey].compactMap(entry).only {
            let missing = lonely.key.name == stackKey ? resourceKey : stackKey
            problems.append(.incomplete(lonely.key.name, in: lonely.source, without: missing))
        }
        let stack = one(stackKey, StackName.init)
        let resource = one(resourceKey, LogicalResourceID.init)
        var launch = NodeSettings.Launch(hook: one("auto_scaling.launch_hook", LifecycleHookName.init))
        if let stack, let resource { launch.signal = NodeSettings.StackResource(stack: stack, resource: resource) }
        return launch
    }

    /// Without what is wrong.
    func cloudWatch(_ launch: NodeSettings.Launch) -> CloudWatchSettings {
        CloudWatchSettings(
            logs: one("cloudwatch.logs", LogGroupName.init),
            metrics: one("cloudwatch.metrics", MetricNamespace.init),
            addresses: choice("cloudwatch.addresses") ?? CloudWatchSettings().addresses,
            stack: launch.signal?.stack
        )
    }

    /// `nil` where the value is wrong.
    func bootstrapTimeout() -> Duration? { duration("bootstrap.timeout") }

    /// `nil` where there is none, or a value is wrong.
    func fleet() -> FleetSettings? {
        let place = one("fleet.settings", FleetPlace.init)
        guard let interval = duration("fleet.interval"), let place else { return nil }
        return FleetSettings(place: place, interval: interval)
    }

    /// `nil` where a value is wrong.
    func metadata() -> NodeSettings.Metadata? {
        duration("metadata.timeout").map {
            NodeSettings.Metadata(allowVersion1: flag("metadata.imdsv1"), timeout: $0)
        }
    }

    func entry(_ name: String) -> SettingEntry? { entries[name] }

    func rawParameters() -> [(raw: RawParameter, source: ValueSource)] { entries.parameters }

    func one<Value>(_ name: String, _ parse: (String) throws(InvalidValue) -> Value) -> Value? {
        guard let entry = entry(name), case .text(let text) = entry.value else { return nil }
        return parsed(entry) { () throws(InvalidValue) in try parse(text) }
    }

    func many<Value>(_ name: String, _ parse: (String) throws(InvalidValue) -> Value) -> [Value] {
        guard let entry = entry(name), case .list(let items) = entry.value else { return [] }
        return items.compactMap { item in parsed(entry) { () throws(InvalidValue) in try parse(item) } }
    }

    func flag(_ name: String) -> Bool {
        entry(name)?.value == .boolean(true)
    }

    private func port(_ name: String) -> UInt16? {
        guard let entry = entry(name), case .number(let number) = entry.value else { return nil }
        return parsed(entry) { () throws(InvalidValue) in
            guard let port = UInt16(exactly: number), port > 0,
                !ValueKind.ownPorts.contains(number)
            else {
                let expected = "a free port, from 1 to 65535 and none of the relay's own (25, 465, 587, 8008)"
                throw InvalidValue("\(number)", expected: expected)
            }
            return port
        }
    }

    /// One of a few words.
    func choice<Value: RawRepresentable & CaseIterable>(_ name: String) -> Value? where Value.RawValue == String {
        one(name) { (text) throws(InvalidValue) in
            guard let value = Value(rawValue: text) else {
                let words = Value.allCases.map { "\"\($0.rawValue)\"" }
                throw InvalidValue(text, expected: "one of \(words.joined(separator: ", "))")
            }
            return value
        }
    }

    /// A classic load balancer's checks begin without a header, also where it puts one before mail.
    private func requirePlainHealthChecks(_ health: NodeSettings.Health) {
        guard HealthPorts(health, isProxied: true).plain == nil, let entry = entry("mail.proxy_protocol") else {
            return
        }
        problems.append(
            .unwanted(
                entry.key.name,
                in: entry.source,
                """
                target groups then send a header before their health checks, and load_balancer.classic does not, so they \
                can't share port \(health.port); set health.proxy_port to a port of its own, and let the target groups \
                check there
                """
            )
        )
    }

    func duration(_ name: String) -> Duration? {
        guard let entry = entry(name) else { return nil }
        return parsed(entry) { () throws(InvalidValue) in try Duration(setting: entry.value) }
    }

    func parsed<Value>(_ entry: SettingEntry, _ parse: () throws(InvalidValue) -> Value) -> Value? {
        do throws(InvalidValue) {
            return try parse()
        } catch {
            problems.append(.invalid(entry.key.name, in: entry.source, error))
            return nil
        }
    }
}

extension Array {
    /// The one element of an array of one.
    fileprivate var only: Element? { count == 1 ? first : nil }
}
