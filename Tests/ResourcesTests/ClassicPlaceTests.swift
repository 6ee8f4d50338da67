import AWS
import Reconcile
import RelayTestSupport
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
        node: RegisteredInstance? = nil,
        goal: MembershipGoal = .member(waits: true),
        memory: AdmissionMemory = AdmissionMemory(),
        notices: @escaping @Sendable (String) -> Void = { _ in }
    ) throws -> Membership {
        let place = ClassicPlace(
            try ClassicLoadBalancerName("relay"),
            node: try node ?? .sample,
            allowOpenToWorld: settings.allowOpenToWorld,
            elb: api,
            ec2: api
        )
        return Membership(
            place,
            goal: goal,
            admission: Admission(memory, AdmissionPeriod(pace: .seconds(75))) { _, _ in },
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

    @Test func aNodeInServiceCostsOneCallAndNowAndThenALookAtTheLoadBalancer() async throws {
        let (api, time) = (FakeELB(balancer(), healths: [inService]), ManualTime())
        let memory = AdmissionMemory(now: { time.now })
        #expect(try await apply(try membership(api, memory: memory)).isEmpty)
        #expect(api.calls == ["health", "describe"])
        #expect(try await apply(try membership(api, memory: memory)).isEmpty)
        #expect(api.calls == ["health", "describe", "health"])
        time.advance(by: .seconds(1200 - 75))
        #expect(try await apply(try membership(api, memory: memory)).isEmpty)
        #expect(api.calls == ["health", "describe", "health", "health", "describe"])
    }

    @Test(arguments: [false, true])
    func whoDisagreesAboutTheProxyProtocolStaysOutAndIsToldWhatToRun(isProxied: Bool) async throws {
        let api = FakeELB(balancer(), healths: [nil], proxied: isProxied ? [] : [25])
        await #expect {
            try await apply(try membership(api, node: .sample(isProxied: isProxied)))
        } throws: {
            let command = "aws elb set-load-balancer-policies-for-backend-server --load-balancer-name relay"
            let policy = isProxied ? "smtp-relay-proxy-protocol" : "'[]'"
            return "\($0)".hasPrefix("will not join load balancer relay: it sends ")
                && "\($0)".contains("\(command) --instance-port 25 --policy-names \(policy)")
                && "\($0)".contains("aws elb create-load-balancer-policy") == isProxied
        }
        #expect(!api.calls.contains { $0.hasPrefix("register") })
        let agreed = FakeELB(balancer(), healths: [nil, inService], proxied: isProxied ? [25] : [])
        let changes = try await apply(try membership(agreed, node: .sample(isProxied: isProxied)))
        #expect(changes == ["register i-01234567 with load balancer relay"])
    }

    @Test func whomTheInternetReachesItselfBelievesNoHeaders() async throws {
        let node = try RegisteredInstance.sample(isProxied: true, securityGroups: { ["sg-1"] })
        let api = FakeELB(balancer(), healths: [nil], ingress: [world], proxied: [25])
        await #expect {
            try await apply(try membership(api, node: node))
        } throws: { $0 is ForgeableDoor && "\($0)".contains("revoke-security-group-ingress --group-id sg-1") }
        for (node, settings) in [
            (node, NodeSettings.LoadBalancer(allowOpenToWorld: true)),
            // Nobody comes there but by the load balancer.
            (try .sample(isProxied: true), NodeSettings.LoadBalancer()),
        ] {
            let api = FakeELB(balancer(), healths: [nil, inService], ingress: [world], proxied: [25])
            #expect(try await apply(try membership(api, settings, node: node)).count == 1)
        }
        let plain = FakeELB(balancer(), healths: [nil, inService], ingress: [world])
        #expect(try await apply(try membership(plain, node: .sample(securityGroups: { ["sg-1"] }))).count == 1)
    }

    @Test func onlyThePortsThatMailIsTakenOnHaveToAgreeButAllOfThese() async throws {
        let listeners = [25, 587].map { ClassicLoadBalancer.Listener(loadBalancerPort: $0, instancePort: $0) }
        let both = ClassicLoadBalancer(
            name: "relay",
            scheme: .internal,
            vpcID: "vpc-1",
            securityGroups: [],
            listeners: listeners,
            healthCheckTarget: "HTTP:80/health",
            backendPolicies: [587: ["other"]]
        )
        let api = FakeELB(both, healths: [nil, inService], proxied: [25])
        #expect(try await apply(try membership(api, node: .sample(isProxied: true))).count == 1)
        await #expect {
            try await apply(
                try membership(
                    FakeELB(both, healths: [nil], proxied: [25]),
                    node: .sample(ports: [25, 587], isProxied: true)
                )
            )
        } throws: { "\($0)".contains("--instance-port 587 --policy-names other smtp-relay-proxy-protocol") }
    }

    @Test func whoIsInServiceAndDisagreesLeavesAndIsToldWhy() async throws {
        let api = FakeELB(balancer(), healths: [inService], mayDeregister: true)
        let memory = AdmissionMemory()
        #expect(try await apply(try membership(api, memory: memory)).isEmpty)
        // The setting changes, and nothing else.
        let proxied = try membership(api, node: .sample(isProxied: true), memory: memory)
        let left = await #expect(throws: LeftPlace.self) { try await apply(proxied) }
        #expect(left?.refusal is ProxyProtocolDisagreement)
        #expect(api.calls.last == "deregister i-01234567")
    }

    @Test func whoseMailTheOthersWouldRefuseIsToldSoBeforeItLeaves() async throws {
        let place = { (node: RegisteredInstance) in
            let api = FakeELB(balancer(), healths: [nil], proxied: node.isProxied ? [25] : [])
            return ClassicPlace(
                try ClassicLoadBalancerName("relay"),
                node: node,
                allowOpenToWorld: false,
                elb: api,
                ec2: api
            )
        }
        let stranger = try await place(.sample(isProxied: true, isAllowed: false)).review().findings()
        #expect(stranger.map(\.kind) == [.handOverRefused])
        #expect(try await place(.sample(isProxied: true)).review().findings().isEmpty)
        #expect(try await place(.sample(isAllowed: false)).review().findings().isEmpty)
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

    @Test func whoIsLeftAloneIsOnlyLookedAtUnlessItIsAnOpenRelay() async throws {
        let api = FakeELB(balancer(), healths: [nil])
        #expect(try await apply(try membership(api, goal: .leftAlone(because: "Standby"))).isEmpty)
        #expect(api.calls == ["health"])
        let open = FakeELB(balancer(.internetFacing), healths: [inService], ingress: [world], mayDeregister: true)
        let standby = try membership(open, goal: .leftAlone(because: "Standby"))
        await #expect(throws: LeftPlace.self) { try await apply(standby) }
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
        let api = FakeELB(balancer(.internetFacing), healths: [nil], ingress: [world])
        await #expect(throws: OpenDoor.self) { try await apply(try membership(api)) }
        #expect(!api.calls.contains { $0.hasPrefix("register") })
    }

    @Test func whoIsBehindAnOpenDoorLeavesWhoeverHasRegisteredIt() async throws {
        for health in [inService, outOfService] {
            let api = FakeELB(balancer(.internetFacing), healths: [health], ingress: [world], mayDeregister: true)
            let left = await #expect(throws: LeftPlace.self) { try await apply(try membership(api)) }
            #expect(left?.refusal is OpenDoor)
            #expect(api.calls.last == "deregister i-01234567")
        }
    }

    @Test func aDoorThatCanNotBeJudgedKeepsOutButTakesNobodyOut() async throws {
        let listed = SecurityGroup.Rule(ipProtocol: "tcp", ports: 25...25, sources: [], prefixLists: ["pl-1"])
        let out = FakeELB(balancer(.internetFacing), healths: [nil], ingress: [listed])
        await #expect {
            try await apply(try membership(out))
        } throws: { $0 is UnclearDoor && "\($0)".contains("allow ec2:GetManagedPrefixListEntries in the policy") }
        let notices = Mutex<[String]>([])
        let api = FakeELB(balancer(.internetFacing), healths: [inService], ingress: [listed])
        let stays = try membership(api) { notice in notices.withLock { $0.append(notice) } }
        #expect(try await apply(stays).isEmpty)
        #expect(notices.withLock { $0.count == 1 && $0[0].contains("prefix list pl-1") })
        // A list that can't be read does not hide what opens the door without it.
        let open = FakeELB(
            balancer(.internetFacing),
            healths: [inService],
            ingress: [listed, world],
            mayDeregister: true
        )
        await #expect(throws: LeftPlace.self) { try await apply(try membership(open)) }
    }

    @Test func aPrefixListOfTheWorldIsTheWorld() async throws {
        let listed = SecurityGroup.Rule(ipProtocol: "tcp", ports: 25...25, sources: [], prefixLists: ["pl-1"])
        let halves = try [IPNetwork("0.0.0.0/1"), IPNetwork("128.0.0.0/1")]
        let api = FakeELB(balancer(.internetFacing), healths: [nil], ingress: [listed], lists: ["pl-1": halves])
        await #expect {
            try await apply(try membership(api))
        } throws: { $0 is OpenDoor && "\($0)".contains("PrefixListIds=[{PrefixListId=pl-1}]") }
        let own = try [IPNetwork("203.0.113.0/24")]
        let closed = FakeELB(balancer(.internetFacing), healths: [nil], ingress: [listed], lists: ["pl-1": own])
        #expect(try await apply(try membership(closed, goal: .member(waits: false))).count == 1)
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
            let node = try RegisteredInstance.sample(isProxied: !api.proxied.isEmpty)
            #expect(try await apply(try membership(api, settings, node: node)).count == 1)
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
        let (id, other) = (try RegisteredInstance.sample.id, try InstanceID("i-76543210"))
        func place(
            _ instances: [InstanceID],
            ports: (UInt16, UInt16),
            node: RegisteredInstance? = nil,
            scheme: ClassicLoadBalancer.Scheme = .internal
        ) throws -> ClassicPlace {
            let balancer = ClassicLoadBalancer(
                name: "relay",
                scheme: scheme,
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
            return ClassicPlace(
                name,
                node: try node ?? .sample,
                allowOpenToWorld: false,
                elb: api,
                ec2: api
            )
        }
        let both = [id, other]
        #expect(try await place(both, ports: (2525, 25)).wayToOthers() == "[relay-1.elb.example]:2525")
        #expect(try await place([id], ports: (25, 25)).wayToOthers() == nil)
        #expect(try await place(both, ports: (25, 26)).wayToOthers() == nil)
        // From outside, the others would see an address that they refuse.
        #expect(try await place(both, ports: (25, 25), scheme: .internetFacing).wayToOthers() == nil)
        // A relay that is told this node's own address may refuse it.
        let stranger = try RegisteredInstance.sample(isProxied: true, isAllowed: false)
        await #expect(throws: HandOverRefused.self) {
            try await place(both, ports: (25, 25), node: stranger).wayToOthers()
        }
        let hidden = try RegisteredInstance.sample(isAllowed: false)
        #expect(try await place(both, ports: (25, 25), node: hidden).wayToOthers() == "[relay-1.elb.example]:25")
    }
}
