package import AWS
package import Reconcile
package import Vocabulary

/// The node's place in a classic load balancer: registered, and in service there.
package struct ClassicMembership: Resource {
    private let loadBalancer: ClassicLoadBalancerName
    private let node: Node
    private let elb: any ClassicLoadBalancing
    private let ec2: any EC2Describing
    private let allowOpenToWorld: Bool
    private let timeout: Duration
    private let goal: MembershipGoal
    private let door: QuietDoor
    private let observer: MembershipObserver

    /// What of this instance and its health check matters to the load balancer.
    package struct Node: Sendable {
        package let instance: InstanceID
        package let vpcID: String
        package let healthCheck: String

        package init(instance: InstanceID, vpcID: String, healthCheck: String) {
            self.instance = instance
            self.vpcID = vpcID
            self.healthCheck = healthCheck
        }

        package init(_ facts: NodeFacts, health: NodeSettings.Health) {
            self.init(
                instance: facts.instanceID,
                vpcID: facts.vpcID,
                healthCheck: "HTTP:\(health.port)\(health.path)"
            )
        }
    }

    /// - Parameter door: How the node waits until no mail comes any more, before it leaves.
    package init(
        _ loadBalancer: ClassicLoadBalancerName,
        node: Node,
        goal: MembershipGoal,
        settings: NodeSettings.LoadBalancer,
        elb: any ClassicLoadBalancing,
        ec2: any EC2Describing,
        door: QuietDoor,
        observer: MembershipObserver
    ) {
        self.loadBalancer = loadBalancer
        self.node = node
        self.goal = goal
        self.elb = elb
        self.ec2 = ec2
        self.allowOpenToWorld = settings.allowOpenToWorld
        self.timeout = settings.timeout
        self.door = door
        self.observer = observer
    }

    package var name: String { "load balancer \(loadBalancer)" }

    package var onceConverged: String? {
        goal == .out ? nil : "register \(node.instance) with \(name), where it is not in service there"
    }

    package func check() async throws -> Check {
        // The one call of a pass with nothing to do.
        let health = try await elb.health(of: node.instance, in: loadBalancer)
        observer.report(MembershipReport(name, health))
        switch goal {
        case .leftAlone: return .inSync
        case .out: return health == nil ? .inSync : .drifted(departure)
        case .member(let waits): return try await join(health, waits: waits)
        }
    }

    private func join(_ health: InstanceHealth?, waits: Bool) async throws -> Check {
        if let health, health.state == .inService { return .inSync }
        let found = try await elb.describe(loadBalancer)
        try await refuseOpenDoor(of: found)
        for finding in LoadBalancerReview(found, node: node).findings { observer.notice(finding) }
        guard let health else {
            return .drifted(
                Drift([Change(.registration, "register \(node.instance) with \(name)")]) {
                    try await elb.register(node.instance, with: loadBalancer)
                    if waits { try await waitInService() }
                }
            )
        }
        guard waits else {
            observer.notice(
                """
                it does not call this node in service: \(health.state.rawValue) (\(health.reasonCode): \
                \(health.description.escapedForDisplay)); this node answers its own health check
                """
            )
            return .inSync
        }
        return .drifted(
            Drift([Change(.registration, "wait for \(name) to call \(node.instance) in service")]) {
                try await waitInService()
            }
        )
    }

    private var departure: Drift {
        Drift([Change(.registration, "leave \(name)")]) {
            try await door.wait {
                let health = try await elb.health(of: node.instance, in: loadBalancer)
                observer.report(MembershipReport(name, health))
                return health?.state != .inService
            }
            try await elb.deregister(node.instance, from: loadBalancer)
            observer.report(MembershipReport(name, nil))
        }
    }

    /// Where senders' addresses are hidden behind the load balancer's, everyone who reaches its door is in the VPC to
    /// Postfix: an open relay, with the security group as the only wall.
    private func refuseOpenDoor(of found: ClassicLoadBalancer) async throws {
        guard found.scheme == .internetFacing, !allowOpenToWorld else { return }
        // The PROXY protocol would show the sender's address; ports that have it are not masked.
        let shown = try await elb.proxyProtocolPorts(of: found)
        let smtp = found.listeners.filter { SMTPPort.all.contains($0.instancePort) && !shown.contains($0.instancePort) }
        let groups = try await ec2.securityGroups(found.securityGroups)
        for listener in smtp {
            if let group = groups.first(where: { $0.opensToWorld(port: listener.loadBalancerPort) }) {
                throw OpenDoor(loadBalancer: loadBalancer, port: listener.loadBalancerPort, securityGroup: group.id)
            }
        }
    }

    private func waitInService() async throws {
        let deadline = ContinuousClock.now + timeout
        var last: InstanceHealth?
        while ContinuousClock.now < deadline {
            last = try await elb.health(of: node.instance, in: loadBalancer)
            observer.report(MembershipReport(name, last))
            if last?.state == .inService { return }
            // A load balancer checks every 5 s at the fastest, and a fleet shares the account's API limit.
            try await Task.sleep(for: .milliseconds(Int.random(in: 1500...3000)))
        }
        throw NotInService(name: name, health: last, waited: timeout, healthCheck: node.healthCheck)
    }
}

extension MembershipReport {
    fileprivate init(_ name: String, _ health: InstanceHealth?) {
        let isWell = health == nil || health?.state == .inService
        self.init(
            name: name,
            state: health?.state.rawValue ?? "not registered",
            reason: isWell ? "" : "\(health?.reasonCode ?? ""): \(health?.description.escapedForDisplay ?? "")"
        )
    }
}

/// The ports that mail comes in by.
enum SMTPPort {
    static let all: Set<UInt16> = [25, 587]
}

/// The load balancer would let the whole internet in as if it were the VPC.
package struct OpenDoor: Error, CustomStringConvertible {
    package let loadBalancer: ClassicLoadBalancerName
    package let port: UInt16
    package let securityGroup: String

    package var description: String {
        """
        will not join load balancer \(loadBalancer): it is internet-facing, shows Postfix its own address in place of \
        the sender's, and security group \(securityGroup) lets the whole internet in on port \(port), so this would be \
        an open relay; let in only the senders' ranges \
        ('aws ec2 revoke-security-group-ingress --group-id \(securityGroup) --protocol tcp --port \(port) \
        --cidr 0.0.0.0/0'), or use an internal load balancer, or set load_balancer.allow_open_to_world = true
        """
    }
}

/// The load balancer does not call the node in service.
package struct NotInService: Error, CustomStringConvertible {
    package let name: String
    package let health: InstanceHealth?
    package let waited: Duration
    package let healthCheck: String

    package var description: String {
        let seen =
            if let health {
                "it says \(health.state.rawValue) (\(health.reasonCode): \(health.description.escapedForDisplay))"
            } else {
                "it does not list the instance"
            }
        return """
            \(name) does not call this node in service after \(waited.components.seconds) s: \(seen); this node answers \
            its own health check, so look at the load balancer's (wanted: \(healthCheck)), and at whether its security \
            group reaches this instance's
            """
    }
}
