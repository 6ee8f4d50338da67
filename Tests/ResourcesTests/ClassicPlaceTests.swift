import AWS
import Reconcile
import Resources
import Synchronization
import Testing
import Vocabulary

struct ClassicPlaceTests {
    private let inService = InstanceHealth(state: .inService, reasonCode: "N/A", description: "N/A")
    private let outOfService = InstanceHealth(
        state: .outOfService,
        reasonCode: "Instance",
        description: "failed checks"
    )
    private let world = SecurityGroup.Rule(
        ipProtocol: "tcp",
        ports: 25...25,
        sources: [IPNetwork(around: IPAddress(bytes: [0, 0, 0, 0]), prefixLength: 0)]
    )

    private func balancer(
        _ scheme: ClassicLoadBalancer.Scheme = .internal,
        check: String = "HTTP:80/health",
        vpcID: String = "vpc-1",
        port: UInt16 = 25
    ) -> ClassicLoadBalancer {
        ClassicLoadBalancer(
            name: "relay",
            scheme: scheme,
            vpcID: vpcID,
            securityGroups: ["sg-1"],
            listeners: [ClassicLoadBalancer.Listener(loadBalancerPort: port, instancePort: port)],
            healthCheckTarget: check
        )
    }

    private func membership(
        _ api: FakeELB,
        _ settings: NodeSettings.LoadBalancer = NodeSettings.LoadBalancer(),
        goal: MembershipGoal = .member(waits: true),
        notices: @escaping @Sendable (String) -> Void = { _ in }
    ) throws -> Membership {
        let place = ClassicPlace(
            try ClassicLoadBalancerName("relay"),
            node: try .sample,
            allowOpenToWorld: settings.allowOpenToWorld,
            elb: api,
            ec2: api
        )
        return Membership(
            place,
            goal: goal,
            timeout: settings.timeout,
            door: QuietDoor(connections: { [] }, deadline: .now),
            observer: MembershipObserver(notice: notices)
        )
    }

    private func apply(_ resource: Membership) async throws -> [String] {
        guard case .drifted(let drift) = try await resource.check() else { return [] }
        try await drift.apply()
        return drift.changes.map(\.summary)
    }

    @Test func aNodeInServiceCostsOneCall() async throws {
        let api = FakeELB(balancer(), healths: [inService])
        #expect(try await apply(try membership(api)).isEmpty)
        #expect(api.calls == ["health"])
    }

    @Test func aMissingNodeIsRegisteredAndWaitedFor() async throws {
        let api = FakeELB(balancer(), healths: [nil, outOfService, inService])
        #expect(try await apply(try membership(api)) == ["register i-01234567 with load balancer relay"])
        #expect(api.calls == ["health", "describe", "register i-01234567", "health", "health"])
    }

    @Test func aResidentAgentDoesNotWaitButSaysWhy() async throws {
        let notices = Mutex<[String]>([])
        let api = FakeELB(balancer(), healths: [nil])
        #expect(try await apply(try membership(api, goal: .member(waits: false))).count == 1)
        #expect(api.calls == ["health", "describe", "register i-01234567"])
        let sick = FakeELB(balancer(), healths: [outOfService])
        let resource = try membership(sick, goal: .member(waits: false)) { text in
            notices.withLock { $0.append(text) }
        }
        #expect(try await apply(resource).isEmpty)
        #expect(notices.withLock { $0 }.last?.contains("OutOfService (Instance: failed checks)") ?? false)
    }

    @Test func whoIsLeftAloneIsOnlyLookedAt() async throws {
        let api = FakeELB(balancer(), healths: [nil])
        #expect(try await apply(try membership(api, goal: .leftAlone(because: "Standby"))).isEmpty)
        #expect(api.calls == ["health"])
    }

    @Test func whoLeavesWaitsForTheLoadBalancerFirst() async throws {
        let api = FakeELB(balancer(), healths: [inService, outOfService], mayDeregister: true)
        #expect(try await apply(try membership(api, goal: .out)) == ["leave load balancer relay"])
        #expect(api.calls == ["health", "health", "deregister i-01234567"])
        let gone = FakeELB(balancer(), healths: [nil])
        #expect(try await apply(try membership(gone, goal: .out)).isEmpty)
    }

    @Test func whoNeverComesIntoServiceIsToldWhy() async throws {
        let api = FakeELB(balancer(), healths: [nil, outOfService])
        let settings = NodeSettings.LoadBalancer(timeout: .milliseconds(10))
        await #expect {
            try await apply(try membership(api, settings))
        } throws: { "\($0)".contains("OutOfService (Instance: failed checks)") }
    }

    @Test func anOpenDoorBeforeAMaskedAddressIsRefused() async throws {
        for healths: [InstanceHealth?] in [[nil], [outOfService]] {
            let api = FakeELB(balancer(.internetFacing), healths: healths, ingress: [world])
            await #expect(throws: OpenDoor.self) { try await apply(try membership(api)) }
            #expect(!api.calls.contains { $0.hasPrefix("register") })
        }
    }

    @Test func anInternalOneAShownAddressAClosedDoorOrTheSettingMayBeJoined() async throws {
        let closed = SecurityGroup.Rule(ipProtocol: "tcp", ports: 25...25, sources: [])
        let cases: [(FakeELB, NodeSettings.LoadBalancer)] = [
            (FakeELB(balancer(), healths: [nil, inService], ingress: [world]), NodeSettings.LoadBalancer()),
            (
                FakeELB(balancer(.internetFacing), healths: [nil, inService], ingress: [world], proxied: [25]),
                NodeSettings.LoadBalancer()
            ),
            (
                FakeELB(balancer(.internetFacing), healths: [nil, inService], ingress: [closed]),
                NodeSettings.LoadBalancer()
            ),
            (
                FakeELB(balancer(.internetFacing), healths: [nil, inService], ingress: [world]),
                NodeSettings.LoadBalancer(allowOpenToWorld: true)
            ),
        ]
        for (api, settings) in cases {
            #expect(try await apply(try membership(api, settings)).count == 1)
        }
    }

    @Test(arguments: [
        ("TCP:25", "vpc-1", UInt16(25), "fills the mail log"),
        ("HTTP:80/", "vpc-1", 25, "this node answers HTTP:80/health"),
        ("HTTP:80/health", "vpc-2", 25, "it is in vpc-2"), ("HTTP:80/health", "vpc-1", 2525, "no listener on port 25"),
    ])
    func whatIsWrongWithTheLoadBalancerIsSaid(check: String, vpcID: String, port: UInt16, words: String) async throws {
        let notices = Mutex<[String]>([])
        let api = FakeELB(balancer(check: check, vpcID: vpcID, port: port), healths: [nil, inService])
        let resource = try membership(api) { notice in notices.withLock { $0.append(notice) } }
        _ = try await apply(resource)
        #expect(notices.withLock { $0 }.contains { $0.contains(words) })
    }

    @Test func othersAreReachedByTheListenerThatLeadsToPort25() async throws {
        let (id, other) = (try RelayInstance.sample.id, try InstanceID("i-76543210"))
        func place(_ instances: [InstanceID], ports: (UInt16, UInt16)) throws -> ClassicPlace {
            let balancer = ClassicLoadBalancer(
                name: "relay",
                scheme: .internal,
                vpcID: "vpc-1",
                securityGroups: [],
                listeners: [
                    ClassicLoadBalancer.Listener(loadBalancerPort: 587, instancePort: 587),
                    ClassicLoadBalancer.Listener(loadBalancerPort: ports.0, instancePort: ports.1),
                ],
                healthCheckTarget: "HTTP:80/health",
                dnsName: "relay-1.elb.example",
                instances: instances
            )
            let api = FakeELB(balancer, healths: [nil])
            let name = try ClassicLoadBalancerName("relay")
            return ClassicPlace(name, node: try .sample, allowOpenToWorld: false, elb: api, ec2: api)
        }
        let both = [id, other]
        #expect(try await place(both, ports: (2525, 25)).wayToOthers() == "[relay-1.elb.example]:2525")
        #expect(try await place([id], ports: (25, 25)).wayToOthers() == nil)
        #expect(try await place(both, ports: (25, 26)).wayToOthers() == nil)
    }
}
