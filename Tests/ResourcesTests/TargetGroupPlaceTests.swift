import AWS
import Resources
import Synchronization
import Testing
import Vocabulary

struct TargetGroupPlaceTests {
    private let unused = TargetHealth(target: "", state: .unused, reason: "Target.NotRegistered")

    private func place(
        _ elb: FakeTargetGroups,
        node: RegisteredInstance? = nil,
        allowOpenToWorld: Bool = false,
        postfix: PostfixVersion? = nil
    ) throws -> TargetGroupPlace {
        TargetGroupPlace(
            try FakeTargetGroups.arn,
            node: try node ?? .sample,
            allowOpenToWorld: allowOpenToWorld,
            elb: elb,
            ec2: elb,
            postfix: { postfix }
        )
    }

    private func rule(_ source: String, _ ports: ClosedRange<Int> = 25...25) throws -> SecurityGroup.Rule {
        SecurityGroup.Rule(ipProtocol: "tcp", ports: ports, sources: [try IPNetwork(source)])
    }

    @Test(arguments: [
        ("healthy", "", Standing.Position.inService), ("initial", "Elb.RegistrationInProgress", .arriving),
        ("unhealthy", "Target.FailedHealthChecks", .failing),
        ("unhealthy.draining", "Target.FailedHealthChecks", .failing),
        ("unused", "Target.NotRegistered", .out), ("unused", "Target.NotInUse", .failing),
        ("unused", "Target.InvalidState", .failing), ("unavailable", "Elb.InternalError", .failing),
        ("draining", "Target.DeregistrationInProgress", .leaving), ("novel", "Target.Novel", .failing),
    ])
    func eachStateHasItsMeaning(state: String, reason: String, position: Standing.Position) async throws {
        let health = TargetHealth(
            target: "i-01234567",
            state: TargetHealth.State(rawValue: state),
            reason: reason,
            description: reason.isEmpty ? "" : "Words"
        )
        let standing = try await place(try FakeTargetGroups([health])).standing()
        #expect(standing.position == position)
        #expect(standing.state == (position == .out ? "not registered" : state))
        #expect(standing.reason == (position == .out || reason.isEmpty ? "" : "\(reason): Words"))
    }

    @Test func aTargetIsNamedAsItsGroupWants() async throws {
        var elb = try FakeTargetGroups([unused])
        elb.type = .ip
        try await place(elb).join()
        try await place(elb).leave()
        #expect(elb.calls == ["register 10.0.1.10", "deregister 10.0.1.10"])
        elb.isIPv6 = true
        await #expect(throws: NoIPv6Address.self) { try await place(elb).join() }
        elb.type = .other("lambda")
        await #expect(throws: UnsuitableTargetGroup.self) { try await place(elb).standing() }
    }

    @Test func anInternalGroupThatIsWellHasNoFindings() async throws {
        var elb = try FakeTargetGroups([unused])
        elb.attributes = TargetGroup.Attributes(preservesClientAddress: false)
        #expect(try await place(elb).review().findings().isEmpty)
    }

    @Test func aMaskedSourceBehindAnUnguardedDoorIsRefused() async throws {
        var elb = try FakeTargetGroups([unused])
        elb.isInternetFacing = true
        elb.attributes = TargetGroup.Attributes(preservesClientAddress: false)
        await #expect {
            try await place(elb).review().findings()
        } throws: {
            let text = "\($0)"
            return $0 is OpenDoor && text.contains("will not join target group relay-25 (load balancer nlb)")
                && text.contains("no security group") && text.contains("Key=preserve_client_ip.enabled,Value=true")
        }
        #expect(try await place(elb, allowOpenToWorld: true).review().findings().isEmpty)
        elb.attributes = TargetGroup.Attributes(preservesClientAddress: true)
        #expect(try await place(elb).review().findings().isEmpty)
    }

    @Test func theLoadBalancersOwnSecurityGroupDecides() async throws {
        var elb = try FakeTargetGroups([unused])
        elb.isInternetFacing = true
        elb.attributes = TargetGroup.Attributes(preservesClientAddress: false)
        elb.securityGroups = ["sg-1"]
        elb.ingress = [try rule("203.0.113.0/24"), try rule("0.0.0.0/0", 443...443)]
        #expect(try await place(elb).review().findings().isEmpty)
        elb.ingress = [try rule("0.0.0.0/0")]
        await #expect {
            try await place(elb).review().findings()
        } throws: { "\($0)".contains("revoke-security-group-ingress --group-id sg-1 --protocol tcp --port 25") }
        // The door is the listener's port, whatever the group's.
        elb.listeners = [NetworkLoadBalancer.Listener(port: 2525, targetGroups: ["\(try FakeTargetGroups.arn)"])]
        elb.ingress = [try rule("0.0.0.0/0", 2525...2525)]
        await #expect(throws: OpenDoor.self) { try await place(elb).review().findings() }
    }

    @Test func rangesAndListsOfSeveralGroupsAddUpToTheWorld() async throws {
        var elb = try FakeTargetGroups([unused])
        elb.isInternetFacing = true
        elb.attributes = TargetGroup.Attributes(preservesClientAddress: false)
        elb.securityGroups = ["sg-1"]
        elb.ingress = [
            try rule("0.0.0.0/1"), .init(ipProtocol: "tcp", ports: 1...1024, sources: [], prefixLists: ["pl-1"]),
        ]
        elb.lists = ["pl-1": try [IPNetwork("128.0.0.0/2"), IPNetwork("192.0.0.0/2")]]
        await #expect {
            try await place(elb).review()
        } throws: {
            "\($0)".contains("security group sg-1 lets the internet in on port 25 (0.0.0.0/1, prefix list pl-1)")
        }
        // Nobody comes by IPv6 to a load balancer that has none.
        elb.ingress = [try rule("::/0")]
        #expect(try await place(elb).review().findings().isEmpty)
        elb.isDualStack = true
        await #expect(throws: OpenDoor.self) { try await place(elb).review() }
    }

    @Test func theGuardsQuestionTakesFewCalls() async throws {
        var elb = try FakeTargetGroups([unused])
        _ = try await place(elb).review()
        #expect(elb.calls == ["group", "attributes", "load balancers"])
        elb = try FakeTargetGroups([unused])
        elb.attributes = TargetGroup.Attributes(preservesClientAddress: false, usesProxyProtocol: true)
        _ = try await place(elb, node: .sample(isProxied: true)).review()
        #expect(elb.calls == ["group", "attributes"])
    }

    @Test func whatTheAnswerDependsOnOfTheNodeIsItsSide() async throws {
        let elb = try FakeTargetGroups([unused])
        let groups = Mutex(["sg-1"])
        let proxied = try RegisteredInstance.sample(isProxied: true, securityGroups: { groups.withLock { $0 } })
        let place = try place(elb, node: proxied)
        let before = await place.side()
        #expect(await place.side() == before)
        groups.withLock { $0 = ["sg-1", "sg-2"] }
        #expect(await place.side() != before)
        #expect(try await self.place(elb).side() != self.place(elb, allowOpenToWorld: true).side())
        #expect(try await self.place(elb).side() != self.place(elb, node: .sample(isProxied: true)).side())
        #expect(try await self.place(elb).side() != self.place(elb, node: .sample(ports: [25, 587])).side())
    }

    @Test func ipv6SendersAreMaskedBeforeIPv4Targets() async throws {
        var elb = try FakeTargetGroups([unused])
        elb.isInternetFacing = true
        elb.isDualStack = true
        elb.securityGroups = ["sg-1"]
        elb.ingress = [try rule("0.0.0.0/0")]
        #expect(try await place(elb).review().findings().isEmpty)
        elb.ingress = [try rule("::/0")]
        await #expect {
            try await place(elb).review().findings()
        } throws: { "\($0)".contains("an IPv6 sender's") && "\($0)".contains("--ip-address-type ipv4") }
    }

    @Test func theProxyProtocolIsRefusedWhateverIsAllowed() async throws {
        var elb = try FakeTargetGroups([unused])
        elb.attributes = TargetGroup.Attributes(preservesClientAddress: true, usesProxyProtocol: true)
        await #expect {
            try await place(elb, allowOpenToWorld: true).review().findings()
        } throws: { $0 is ProxyProtocolDisagreement && "\($0)".contains("Key=proxy_protocol_v2.enabled,Value=false") }
    }

    @Test func theProxyProtocolIsWantedWhereTheNodeExpectsIt() async throws {
        var elb = try FakeTargetGroups([unused])
        let node = try RegisteredInstance.sample(isProxied: true)
        await #expect {
            try await place(elb, node: node).review().findings()
        } throws: { $0 is ProxyProtocolDisagreement && "\($0)".contains("Key=proxy_protocol_v2.enabled,Value=true") }
        elb.attributes = TargetGroup.Attributes(preservesClientAddress: false, usesProxyProtocol: true)
        #expect(try await place(elb, node: node).review().findings().isEmpty)
        // The addresses that Postfix sees are the true senders', so an open door is no open relay.
        elb.isInternetFacing = true
        #expect(try await place(elb, node: node).review().findings().isEmpty)
    }

    @Test(arguments: [("2.10.1", false), ("3.4.29", false), ("3.5.0", true), ("3.11-20251101", true), ("4.0", true)])
    func version2TakesAPostfixThatReadsIt(version: String, reads: Bool) async throws {
        var elb = try FakeTargetGroups([unused])
        elb.attributes = TargetGroup.Attributes(preservesClientAddress: true, usesProxyProtocol: true)
        let place = try place(elb, node: .sample(isProxied: true), postfix: PostfixVersion(version))
        do {
            #expect(try await place.review().findings().isEmpty && reads)
        } catch let error as PostfixReadsOnlyVersion1 {
            #expect(
                !reads && "\(error)".contains("Postfix \(version) does not read") && "\(error)".contains("3.5 or later")
            )
        }
    }

    @Test func ipv6SendersAreToldOfOnlyToAPostfixThatSpeaksIPv6() async throws {
        var elb = try FakeTargetGroups([unused])
        elb.attributes = TargetGroup.Attributes(preservesClientAddress: false, usesProxyProtocol: true)
        elb.isDualStack = true
        let findings = try await place(elb, node: .sample(isProxied: true)).review().findings()
        #expect(findings.map(\.kind) == [.refusesIPv6Senders])
        #expect(
            try await place(elb, node: .sample(ipv6Address: "2001:db8::10", isProxied: true)).review().findings()
                .isEmpty
        )
    }

    @Test func theHealthChecksOfAGroupWithAHeaderMayHaveAPortOfTheirOwn() async throws {
        var elb = try FakeTargetGroups([unused])
        elb.attributes = TargetGroup.Attributes(preservesClientAddress: false, usesProxyProtocol: true)
        let node = try RegisteredInstance.sample(health: NodeSettings.Health(proxyPort: 81), isProxied: true)
        let findings = try await place(elb, node: node).review().findings()
        #expect(findings.map(\.kind) == [.wrongHealthCheck])
        #expect(findings[0].command.contains("--health-check-port 81 --health-check-path /health"))
        elb.healthCheck = TargetGroup.HealthCheck(protocol: "HTTP", port: "81", path: "/health")
        #expect(try await place(elb, node: node).review().findings().isEmpty)
    }

    @Test(arguments: [
        ("a health check of TCP", "fills the mail log"), ("a health check of mail", "fills the mail log"),
        ("another path", "this node answers HTTP:80/health"), ("another VPC", "it is in vpc-2"),
        ("no load balancer", "no load balancer sends to it"),
        ("another listener", "no listener of nlb on port 25 or 587"),
        ("another zone", "is not enabled in eu-central-1a"), ("another port", "its port is 2525"),
        ("another protocol", "its protocol is TLS"),
    ])
    func whatIsWrongWithTheGroupIsSaid(what: String, words: String) async throws {
        var elb = try FakeTargetGroups([unused])
        switch what {
        case "a health check of TCP": elb.healthCheck = .init(protocol: "TCP", port: "80", path: nil)
        case "a health check of mail": elb.healthCheck = .init(protocol: "HTTP", port: "traffic-port", path: "/health")
        case "another path": elb.healthCheck = .init(protocol: "HTTP", port: "80", path: "/")
        case "another VPC": elb.vpcID = "vpc-2"
        case "no load balancer": elb.isAttached = false
        case "another listener": elb.listeners = [NetworkLoadBalancer.Listener(port: 25, targetGroups: ["other"])]
        case "another zone": elb.zone = "eu-central-1b"
        case "another port": elb.port = 2525
        default: elb.transport = "TLS"
        }
        let findings = try await place(elb).review().findings()
        #expect(findings.count == 1)
        #expect("\(findings[0])".contains(words))
    }

    @Test func mailGoesToTheOthersWhereOneIsHealthy() async throws {
        var elb = try FakeTargetGroups([unused])
        let own = TargetHealth(target: "i-01234567", state: .healthy)
        elb.members = [own, TargetHealth(target: "i-76543210", state: .unhealthy)]
        #expect(try await place(elb).wayToOthers() == nil)
        elb.members = [own, TargetHealth(target: "i-76543210", state: .healthy)]
        elb.listeners.insert(NetworkLoadBalancer.Listener(port: 587, targetGroups: ["other"]), at: 0)
        elb.listeners.insert(
            NetworkLoadBalancer.Listener(port: 465, protocol: "TLS", targetGroups: ["\(try FakeTargetGroups.arn)"]),
            at: 0
        )
        #expect(try await place(elb).wayToOthers() == "[nlb.elb.example]:25")
        // A relay that sees this node's own address may refuse it.
        let stranger = try RegisteredInstance.sample(isAllowed: false)
        await #expect(throws: HandOverRefused.self) { try await place(elb, node: stranger).wayToOthers() }
        elb.attributes = TargetGroup.Attributes(preservesClientAddress: false)
        #expect(try await place(elb, node: stranger).wayToOthers() == "[nlb.elb.example]:25")
        // Through it, the others would see an address of the internet, and refuse.
        elb.isInternetFacing = true
        #expect(try await place(elb).wayToOthers() == nil)
    }
}
