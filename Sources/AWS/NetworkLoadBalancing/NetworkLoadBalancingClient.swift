import Synchronization
package import Vocabulary

/// The network load balancers' API, over the network.
package struct NetworkLoadBalancingClient: NetworkLoadBalancing {
    let client: QueryClient
    private let memory: Memory

    /// Properties of target groups and load balancers that never change, read once.
    package final class Memory: Sendable {
        fileprivate let addressings = Mutex<[TargetGroupARN: TargetGroup.Addressing]>([:])
        /// The ARNs of load balancers that do not face the internet.
        fileprivate let internals = Mutex<Set<String>>([])

        package init() {}
    }

    /// - Parameter memory: Kept for as long as the program runs.
    package init(_ client: QueryClient, memory: Memory) {
        self.client = client
        self.memory = memory
    }

    package func targetGroup(_ arn: TargetGroupARN) async throws(AWSFailure) -> TargetGroup {
        let found = try await list("DescribeTargetGroups", "TargetGroups", [("TargetGroupArns.member.1", "\(arn)")])
        guard let element = found.first(where: { $0.value("TargetGroupArn") == "\(arn)" }) else {
            throw Self.unreadable("DescribeTargetGroups", "no description of \(arn)")
        }
        let group = TargetGroup(arn, element)
        memory.addressings.withLock { $0[arn] = group.addressing }
        return group
    }

    package func addressing(of arn: TargetGroupARN) async throws(AWSFailure) -> TargetGroup.Addressing {
        if let known = memory.addressings.withLock({ $0[arn] }) { return known }
        return try await targetGroup(arn).addressing
    }

    package func attributes(of group: TargetGroup) async throws(AWSFailure) -> TargetGroup.Attributes {
        let found = try await list("DescribeTargetGroupAttributes", "Attributes", Self.parameters(group.arn))
        var values: [String: String] = [:]
        for element in found {
            if let key = element.value("Key") { values[key] = element.value("Value") }
        }
        // Elastic Load Balancing, Network Load Balancers, "Target group attributes", has the defaults.
        let isForDatagrams = group.protocol.hasSuffix("UDP")
        let standard = group.addressing.targetType == .instance || isForDatagrams
        return TargetGroup.Attributes(
            preservesClientAddress: values["preserve_client_ip.enabled"].map { $0 == "true" } ?? standard,
            usesProxyProtocol: values["proxy_protocol_v2.enabled"] == "true"
        )
    }

    package func health(of target: String, in arn: TargetGroupARN) async throws(AWSFailure) -> TargetHealth {
        let stranger = TargetHealth(target: target, state: .unused, reason: "Target.NotRegistered")
        do throws(AWSFailure) {
            let found = try await health(Self.parameters(arn, target))
            return found.first { $0.target == target } ?? stranger
        } catch {
            if error.error?.code == "InvalidTarget" { return stranger }
            throw error
        }
    }

    package func health(in arn: TargetGroupARN) async throws(AWSFailure) -> [TargetHealth] {
        try await health(Self.parameters(arn))
    }

    package func register(_ target: String, with arn: TargetGroupARN) async throws(AWSFailure) {
        _ = try await client.call("RegisterTargets", Self.parameters(arn, target))
    }

    package func deregister(_ target: String, from arn: TargetGroupARN) async throws(AWSFailure) {
        _ = try await client.call("DeregisterTargets", Self.parameters(arn, target)) {
            $0.error?.code == "InvalidTarget"
        }
    }

    package func loadBalancers(of group: TargetGroup) async throws(AWSFailure) -> [NetworkLoadBalancer] {
        try await loadBalancers(group.loadBalancers)
    }

    package func internetFacingLoadBalancers(
        of group: TargetGroup
    ) async throws(AWSFailure) -> [NetworkLoadBalancer] {
        let known = memory.internals.withLock { $0 }
        return try await loadBalancers(group.loadBalancers.filter { !known.contains($0) }).filter(\.isInternetFacing)
    }

    private func loadBalancers(_ arns: [String]) async throws(AWSFailure) -> [NetworkLoadBalancer] {
        // Without a name, the API would describe all there are.
        guard !arns.isEmpty else { return [] }
        let names = arns.enumerated().map { ("LoadBalancerArns.member.\($0.offset + 1)", $0.element) }
        var found: [NetworkLoadBalancer] = []
        for element in try await list("DescribeLoadBalancers", "LoadBalancers", names) {
            found.append(try NetworkLoadBalancer(element))
        }
        memory.internals.withLock { $0.formUnion(found.filter { !$0.isInternetFacing }.map(\.arn)) }
        return found
    }

    package func listeners(
        of loadBalancer: NetworkLoadBalancer
    ) async throws(AWSFailure) -> [NetworkLoadBalancer.Listener] {
        var found: [NetworkLoadBalancer.Listener] = []
        for element in try await list("DescribeListeners", "Listeners", [("LoadBalancerArn", loadBalancer.arn)]) {
            guard let listener = NetworkLoadBalancer.Listener(element) else {
                throw Self.unreadable("DescribeListeners", "a listener without a port")
            }
            found.append(listener)
        }
        return found
    }

    private func health(_ parameters: [(String, String)]) async throws(AWSFailure) -> [TargetHealth] {
        try await list("DescribeTargetHealth", "TargetHealthDescriptions", parameters).compactMap(TargetHealth.init)
    }

    /// The elements of an answer's list.
    private func list(
        _ action: String,
        _ name: String,
        _ parameters: [(String, String)]
    ) async throws(AWSFailure) -> [XMLElement] {
        let answer = try await client.call(action, parameters)
        guard let list = answer["\(action)Result"]?[name] else { throw Self.unreadable(action, "no \(name)") }
        return list.children
    }

    private static func parameters(_ arn: TargetGroupARN, _ target: String? = nil) -> [(String, String)] {
        let group = [("TargetGroupArn", "\(arn)")]
        return target.map { group + [("Targets.member.1.Id", $0)] } ?? group
    }

    fileprivate static func unreadable(_ action: String, _ what: String) -> AWSFailure {
        AWSFailure(action: "elasticloadbalancing:\(action)", reason: .unreadable(what))
    }
}

extension TargetGroup {
    fileprivate init(_ arn: TargetGroupARN, _ element: XMLElement) {
        let type: Addressing.TargetType =
            switch element.value("TargetType") ?? "instance" {
            case "instance": .instance
            case "ip": .ip
            case let other: .other(other)
            }
        // A group of functions has no port.
        let port = element.value("Port").flatMap { UInt16($0) } ?? 0
        self.init(
            arn: arn,
            addressing: Addressing(targetType: type, isIPv6: element.value("IpAddressType") == "ipv6"),
            protocol: element.value("Protocol") ?? "",
            port: port,
            vpcID: element.value("VpcId"),
            healthCheck: HealthCheck(
                protocol: element.value("HealthCheckProtocol") ?? "",
                port: element.value("HealthCheckPort") ?? "traffic-port",
                path: element.value("HealthCheckPath")
            ),
            loadBalancers: element.list("LoadBalancerArns").map(\.text)
        )
    }
}

extension TargetHealth {
    fileprivate init?(_ element: XMLElement) {
        guard let target = element["Target"]?.value("Id"), let health = element["TargetHealth"],
            let state = health.value("State")
        else { return nil }
        self.init(
            target: target,
            state: State(rawValue: state),
            reason: health.value("Reason") ?? "",
            description: health.value("Description") ?? ""
        )
    }
}

extension NetworkLoadBalancer {
    /// An unreadable security group or scheme is an error, since it decides which hosts may connect.
    fileprivate init(_ element: XMLElement) throws(AWSFailure) {
        let scheme = element.value("Scheme") ?? ""
        guard let arn = element.value("LoadBalancerArn"), ["internal", "internet-facing"].contains(scheme) else {
            throw NetworkLoadBalancingClient.unreadable("DescribeLoadBalancers", "a scheme '\(scheme)'")
        }
        self.init(
            arn: arn,
            name: element.value("LoadBalancerName") ?? arn,
            isInternetFacing: scheme == "internet-facing",
            isDualStack: element.value("IpAddressType")?.hasPrefix("dualstack") ?? false,
            securityGroups: element.list("SecurityGroups").map(\.text),
            dnsName: element.value("DNSName") ?? "",
            availabilityZones: element.list("AvailabilityZones").compactMap { $0.value("ZoneName") },
            subnets: element.list("AvailabilityZones").compactMap { $0.value("SubnetId") }
        )
    }
}

extension NetworkLoadBalancer.Listener {
    fileprivate init?(_ element: XMLElement) {
        guard let port = element.value("Port").flatMap({ UInt16($0) }) else { return nil }
        // One group stands by itself, several in a list with weights.
        let groups = element.list("DefaultActions").flatMap { action in
            [action.value("TargetGroupArn")]
                + (action["ForwardConfig"]?.list("TargetGroups") ?? []).map { $0.value("TargetGroupArn") }
        }
        self.init(port: port, protocol: element.value("Protocol") ?? "", targetGroups: groups.compactMap(\.self))
    }
}
