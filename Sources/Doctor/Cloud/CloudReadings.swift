package import AWS
import Host
import Vocabulary

/// The AWS APIs, as far as the doctor reads them.
package struct CloudReadings: Sendable {
    let ec2: any EC2Describing & SubnetDescribing
    let elb: any ClassicLoadBalancing & ClassicAttributesDescribing
    let elbV2: any NetworkLoadBalancing & CrossZoneDescribing
    let url: String?

    /// - Parameter url: Where the load balancers' API answers; `nil` where the environment leads to no endpoint.
    package init(
        ec2: any EC2Describing & SubnetDescribing,
        elb: any ClassicLoadBalancing & ClassicAttributesDescribing,
        elbV2: any NetworkLoadBalancing & CrossZoneDescribing,
        url: String?
    ) {
        self.ec2 = ec2
        self.elb = elb
        self.elbV2 = elbV2
        self.url = url
    }
}

/// A load balancer of any kind, as mail meets it.
struct LoadBalancerView: Sendable {
    /// The name that an operator uses.
    let name: String
    /// The node's place in it, as `LoadBalancerPlace` names it: a target group has a name of its own.
    let place: String
    /// None where everyone who reaches it may come in.
    let securityGroups: [String]
    /// Its own addresses in the VPC, which a node sees where the load balancer hides the senders' addresses. Empty
    /// where they are not known.
    let addresses: [IPAddress]
    /// Why they are not known.
    let addressFailure: AWSFailure?
    /// The ports that mail comes in by, each with the node's port behind it.
    let doors: [Door]
    let isInternetFacing: Bool
    /// Whether Postfix sees its address in place of the sender's.
    let masksSenders: Bool
    /// Whether connections come to a node from its address; the sender's address that Postfix is told of does not
    /// matter here.
    let connectsItself: Bool
    let zones: [String]
    let subnets: [String]
    let isCrossZone: Bool
    /// Seconds; of a classic one.
    let idleTimeout: Int?
    /// The node's port that its health checks should come to.
    let healthPort: UInt16

    struct Door: Sendable, Equatable {
        let port: UInt16
        let instancePort: UInt16
    }
}

/// The node's load balancers, each asked about once.
actor LoadBalancerViews {
    private let settings: NodeSettings
    private let cloud: CloudReadings
    private let names: HostNames
    private var gathering: Task<[LoadBalancerView], any Error>?

    init(_ settings: NodeSettings, cloud: CloudReadings, names: HostNames) {
        self.settings = settings
        self.cloud = cloud
        self.names = names
    }

    /// - Throws: `AWSFailure` for the first that can't be looked at, or `TookTooLong`.
    func all() async throws -> [LoadBalancerView] {
        // Cancelling the caller does not cancel a task that others await. So the task has its own deadline, before any
        // examination's.
        let task = gathering ?? Task { try await within(.seconds(12)) { try await self.gather() } }
        gathering = task
        return try await task.value
    }

    private func gather() async throws -> [LoadBalancerView] {
        var views: [LoadBalancerView] = []
        for name in settings.loadBalancer.classic { views.append(try await classic(name)) }
        for arn in settings.loadBalancer.targetGroups { views += try await network(arn) }
        return views
    }

    private func classic(_ name: ClassicLoadBalancerName) async throws -> LoadBalancerView {
        let found = try await cloud.elb.describe(name)
        let attributes = try await cloud.elb.attributes(of: name)
        let shown = try await cloud.elb.proxyProtocolPorts(of: found)
        let doors = found.listeners.filter { Self.isOfMail($0.loadBalancerPort) }
        let description = LoadBalancerInterfaces.description(ofClassic: name)
        let isInternetFacing = found.scheme == .internetFacing
        let own = await addresses(description, found.dnsName, isInternetFacing: isInternetFacing)
        return LoadBalancerView(
            name: "load balancer \(name)",
            place: "load balancer \(name)",
            securityGroups: found.securityGroups,
            addresses: own.found,
            addressFailure: own.failure,
            doors: doors.map { .init(port: $0.loadBalancerPort, instancePort: $0.instancePort) },
            isInternetFacing: isInternetFacing,
            masksSenders: !doors.allSatisfy { shown.contains($0.instancePort) },
            connectsItself: true,
            zones: found.availabilityZones,
            subnets: found.subnets,
            isCrossZone: attributes.isCrossZone,
            idleTimeout: attributes.idleTimeout,
            healthPort: settings.health.port
        )
    }

    private func network(_ arn: TargetGroupARN) async throws -> [LoadBalancerView] {
        let group = try await cloud.elbV2.targetGroup(arn)
        let attributes = try await cloud.elbV2.attributes(of: group)
        var views: [LoadBalancerView] = []
        for found in try await cloud.elbV2.loadBalancers(of: group) {
            let listeners = try await cloud.elbV2.listeners(of: found).filter {
                Self.isOfMail($0.port) && $0.targetGroups.contains("\(arn)")
            }
            let description = LoadBalancerInterfaces.description(ofNetwork: found.arn)
            let own = await addresses(description, found.dnsName, isInternetFacing: found.isInternetFacing)
            views.append(
                LoadBalancerView(
                    name: "load balancer \(found.name)",
                    place: "target group \(group.arn.name)",
                    securityGroups: found.securityGroups,
                    addresses: own.found,
                    addressFailure: own.failure,
                    doors: listeners.map { .init(port: $0.port, instancePort: group.port) },
                    isInternetFacing: found.isInternetFacing,
                    masksSenders: !attributes.preservesClientAddress && !attributes.usesProxyProtocol,
                    connectsItself: !attributes.preservesClientAddress,
                    zones: found.availabilityZones,
                    subnets: found.subnets,
                    isCrossZone: try await cloud.elbV2.isCrossZone(found),
                    idleTimeout: nil,
                    healthPort: settings.healthPorts.proxied ?? settings.health.port
                )
            )
        }
        return views
    }

    /// A load balancer's addresses in the VPC, by its network interfaces. In DNS, an internet-facing one has its public
    /// addresses, which no node sees; an internal one has these.
    private func addresses(
        _ description: String,
        _ dnsName: String,
        isInternetFacing: Bool
    ) async -> (found: [IPAddress], failure: AWSFailure?) {
        var failure: AWSFailure?
        do throws(AWSFailure) {
            let found = try await cloud.ec2.addresses(ofInterfacesDescribed: description)
            if !found.isEmpty { return (found, nil) }
        } catch {
            failure = error
        }
        guard !isInternetFacing else { return ([], failure) }
        let named = (try? await names.addresses(dnsName)) ?? []
        return (named, named.isEmpty ? failure : nil)
    }

    private static func isOfMail(_ port: UInt16) -> Bool { [25, 465, 587, 2525].contains(port) }
}
