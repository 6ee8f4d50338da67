/// The load balancers: how they treat connections, and where they send them.
struct LoadBalancerExamination: Examination {
    let name = "load balancers"
    let views: LoadBalancerViews
    /// This instance's availability zone.
    let zone: String

    func findings() async throws -> [Finding] {
        try await views.all().flatMap { Self.judge($0, zone: zone) }
    }

    static func judge(_ view: LoadBalancerView, zone: String) -> [Finding] {
        [idle(view), elsewhere(view, zone), zones(view), addresses(view)].compactMap(\.self)
    }

    private static func addresses(_ view: LoadBalancerView) -> Finding? {
        view.addressFailure.map { Finding(notExamined: "network interfaces of \(view.name)", $0) }
    }

    private static func idle(_ view: LoadBalancerView) -> Finding? {
        guard let seconds = view.idleTimeout, seconds < least else { return nil }
        return Finding(
            .idleTimeoutTooShort,
            of: view.place,
            seen: "\(view.name) cuts a connection that is silent for \(seconds) s",
            fix: """
                aws elb modify-load-balancer-attributes --load-balancer-name \(view.name.split(separator: " ").last ?? "") \
                --load-balancer-attributes 'ConnectionSettings={IdleTimeout=300}'
                """
        )
    }

    /// Seconds: what a classic load balancer has by default.
    private static let least = 60

    private static func elsewhere(_ view: LoadBalancerView, _ zone: String) -> Finding? {
        guard view.idleTimeout != nil, !view.zones.isEmpty, !view.zones.contains(zone) else { return nil }
        return Finding(
            .zoneNotEnabled,
            of: view.place,
            seen: "\(view.name) is in \(view.zones.joined(separator: ", ")), but this instance in \(zone)",
            fix: """
                aws elb attach-load-balancer-to-subnets --load-balancer-name \
                \(view.name.split(separator: " ").last ?? "") --subnets SUBNET-IN-\(zone)
                """
        )
    }

    private static func zones(_ view: LoadBalancerView) -> Finding? {
        guard view.zones.count > 1, !view.isCrossZone else { return nil }
        return Finding(
            .crossZoneOff,
            of: view.place,
            seen: "\(view.name) is in \(view.zones.joined(separator: ", ")), and each sends to its own relays alone",
            fix: view.idleTimeout == nil
                ? """
                aws elbv2 modify-load-balancer-attributes --load-balancer-arn ... --attributes \
                Key=load_balancing.cross_zone.enabled,Value=true
                """
                : """
                aws elb modify-load-balancer-attributes --load-balancer-name \
                \(view.name.split(separator: " ").last ?? "") --load-balancer-attributes \
                'CrossZoneLoadBalancing={Enabled=true}'
                """
        )
    }
}
