/// How the load balancers treat connections, and where they send them.
struct LoadBalancerExamination: Examination {
    let name = "load balancers"
    let views: LoadBalancerViews
    /// This instance's.
    let zone: String
    /// The node's ports on which Postfix expects the PROXY protocol.
    let isProxied: Bool

    func findings() async throws -> [Finding] {
        try await views.all().flatMap { Self.judge($0, zone: zone, isProxied: isProxied) }
    }

    static func judge(_ view: LoadBalancerView, zone: String, isProxied: Bool) -> [Finding] {
        [idle(view), elsewhere(view, zone), zones(view), proxy(view, isProxied)].compactMap(\.self)
    }

    private static func idle(_ view: LoadBalancerView) -> Finding? {
        guard let seconds = view.idleTimeout, seconds < least else { return nil }
        return Finding(
            .warning,
            "idle-timeout-too-short",
            seen: "\(view.name) cuts a connection that is silent for \(seconds) s",
            why:
                "Postfix may need longer to answer, for a lookup or a large message, and mail is sent twice or not at all",
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
            .critical,
            "zone-not-enabled",
            seen: "\(view.name) is in \(view.zones.joined(separator: ", ")), but this instance in \(zone)",
            why: "it sends this instance nothing",
            fix: """
                aws elb attach-load-balancer-to-subnets --load-balancer-name \
                \(view.name.split(separator: " ").last ?? "") --subnets SUBNET-IN-\(zone)
                """
        )
    }

    private static func zones(_ view: LoadBalancerView) -> Finding? {
        guard view.zones.count > 1, !view.isCrossZone else { return nil }
        return Finding(
            .warning,
            "cross-zone-off",
            seen: "\(view.name) is in \(view.zones.joined(separator: ", ")), and each sends to its own relays alone",
            why: "a sender that is given a zone without a healthy relay waits in vain",
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

    private static func proxy(_ view: LoadBalancerView, _ isProxied: Bool) -> Finding? {
        // Of target groups, the review says so.
        guard view.idleTimeout != nil, !view.doors.isEmpty, view.masksSenders == isProxied else { return nil }
        return Finding(
            .critical,
            "proxy-protocol-mismatch",
            seen: isProxied
                ? "Postfix expects the PROXY protocol, but \(view.name) does not speak it"
                : "\(view.name) speaks the PROXY protocol, but Postfix does not expect it",
            why: isProxied
                ? "Postfix waits in vain for the header, and cuts the connection"
                : "Postfix takes the header for a command of a broken client, and mail fails",
            fix: """
                aws elb set-load-balancer-policies-for-backend-server --load-balancer-name \
                \(view.name.split(separator: " ").last ?? "") --instance-port 25 --policy-names \
                \(isProxied ? "PROXY-POLICY" : "'[]'")
                """
        )
    }
}
