import AWS
import HTTP
import RelayTestSupport
import Testing
import Vocabulary

@Suite struct NetworkLoadBalancingClientTests {
    private static let name = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/relay-25/0123abcd"
    private static let balancer = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/net/nlb/1"
    private let arn: TargetGroupARN

    init() throws {
        arn = try TargetGroupARN(Self.name)
    }

    private func client(_ transport: ScriptedTransport) throws -> NetworkLoadBalancingClient {
        NetworkLoadBalancingClient(
            try Answers.client(transport, .elasticLoadBalancingV2),
            memory: NetworkLoadBalancingClient.Memory()
        )
    }

    private static func answer(_ action: String, _ content: String) -> ScriptedTransport.Step {
        .text(
            200,
            """
            <\(action)Response xmlns="http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"><\(action)Result>
            \(content)</\(action)Result></\(action)Response>
            """
        )
    }

    private static func group(type: String = "ip", isIPv6: Bool = false, balancers: String = "")
        -> ScriptedTransport.Step
    {
        answer(
            "DescribeTargetGroups",
            """
            <TargetGroups><member><TargetGroupArn>\(name)</TargetGroupArn><TargetGroupName>relay-25</TargetGroupName>
            <Protocol>TCP</Protocol><Port>25</Port><VpcId>vpc-1</VpcId><HealthCheckProtocol>HTTP</HealthCheckProtocol>
            <HealthCheckPort>80</HealthCheckPort><HealthCheckPath>/health</HealthCheckPath>
            <TargetType>\(type)</TargetType><IpAddressType>\(isIPv6 ? "ipv6" : "ipv4")</IpAddressType>
            <LoadBalancerArns>\(balancers)</LoadBalancerArns></member></TargetGroups>
            """
        )
    }

    private static func encoded(_ text: String) -> String {
        text.split(separator: ":", omittingEmptySubsequences: false).joined(separator: "%3A")
            .split(separator: "/").joined(separator: "%2F")
    }

    private static func health(_ entries: [(String, String)]) -> ScriptedTransport.Step {
        let members = entries.map { target, health in
            """
            <member><HealthCheckPort>80</HealthCheckPort><Target><Id>\(target)</Id><Port>25</Port></Target>
            <TargetHealth>\(health)</TargetHealth></member>
            """
        }
        return answer(
            "DescribeTargetHealth",
            "<TargetHealthDescriptions>\(members.joined())</TargetHealthDescriptions>"
        )
    }

    @Test func describesAGroup() async throws {
        let transport = ScriptedTransport([Self.group(balancers: "<member>\(Self.balancer)</member>")])
        let group = try await client(transport).targetGroup(arn)
        #expect(
            group
                == TargetGroup(
                    arn: arn,
                    addressing: TargetGroup.Addressing(targetType: .ip),
                    port: 25,
                    vpcID: "vpc-1",
                    healthCheck: TargetGroup.HealthCheck(protocol: "HTTP", port: "80", path: "/health"),
                    loadBalancers: [Self.balancer]
                )
        )
        #expect(
            transport.requests.first?.text == """
                Action=DescribeTargetGroups&Version=2015-12-01&TargetGroupArns.member.1=\(Self.encoded(Self.name))
                """
        )
        #expect(transport.requests.first?.url == "https://elasticloadbalancing.eu-central-1.amazonaws.com/")
    }

    @Test func asksOnceHowTargetsAreNamed() async throws {
        let transport = ScriptedTransport([Self.group(isIPv6: true)])
        let elb = try client(transport)
        for _ in 0..<3 {
            #expect(try await elb.addressing(of: arn) == TargetGroup.Addressing(targetType: .ip, isIPv6: true))
        }
        #expect(transport.requests.count == 1)
    }

    @Test func knowsAGroupThatCanHaveNoNode() async throws {
        let elb = try client(ScriptedTransport([Self.group(type: "lambda")]))
        #expect(try await elb.addressing(of: arn).targetType == .other("lambda"))
    }

    @Test(arguments: [
        ("instance", "TCP", "", true, false), ("ip", "TCP", "", false, false), ("ip", "TCP_UDP", "", true, false),
        ("ip", "TCP", "preserve_client_ip.enabled=true", true, false),
        ("instance", "TCP", "preserve_client_ip.enabled=false proxy_protocol_v2.enabled=true", false, true),
        ("instance", "TCP", "proxy_protocol_v2.enabled=false", true, false),
    ])
    func readsAttributesAndKnowsTheirDefaults(
        type: String,
        transportProtocol: String,
        given: String,
        preserves: Bool,
        proxies: Bool
    ) async throws {
        let members = given.split(separator: " ").map { pair in
            let parts = pair.split(separator: "=")
            return "<member><Key>\(parts[0])</Key><Value>\(parts[1])</Value></member>"
        }
        let list = "<Attributes>\(members.joined())</Attributes>"
        let transport = ScriptedTransport([Self.answer("DescribeTargetGroupAttributes", list)])
        let group = TargetGroup(
            arn: arn,
            addressing: TargetGroup.Addressing(targetType: type == "ip" ? .ip : .instance),
            protocol: transportProtocol,
            port: 25,
            vpcID: nil,
            healthCheck: TargetGroup.HealthCheck(protocol: "TCP", port: "traffic-port", path: nil),
            loadBalancers: []
        )
        let attributes = try await client(transport).attributes(of: group)
        #expect(attributes == .init(preservesClientAddress: preserves, usesProxyProtocol: proxies))
        #expect(
            transport.requests.first?.text == """
                Action=DescribeTargetGroupAttributes&Version=2015-12-01&TargetGroupArn=\(Self.encoded(Self.name))
                """
        )
    }

    @Test func asksForTheOwnTargetAlone() async throws {
        let sick = """
            <State>unhealthy</State><Reason>Target.ResponseCodeMismatch</Reason>
            <Description>Health checks failed with these codes: [403]</Description>
            """
        let transport = ScriptedTransport([Self.health([("10.0.1.10", sick)])])
        let health = try await client(transport).health(of: "10.0.1.10", in: arn)
        #expect(
            health
                == TargetHealth(
                    target: "10.0.1.10",
                    state: .unhealthy,
                    reason: "Target.ResponseCodeMismatch",
                    description: "Health checks failed with these codes: [403]"
                )
        )
        #expect(
            transport.requests.first?.text == """
                Action=DescribeTargetHealth&Version=2015-12-01&TargetGroupArn=\(Self.encoded(Self.name))\
                &Targets.member.1.Id=10.0.1.10
                """
        )
    }

    @Test func asksForAllTargets() async throws {
        let transport = ScriptedTransport([
            Self.health([("i-1", "<State>healthy</State>"), ("i-2", "<State>draining</State>")])
        ])
        let healths = try await client(transport).health(in: arn)
        #expect(
            healths == [
                TargetHealth(target: "i-1", state: .healthy), TargetHealth(target: "i-2", state: .draining),
            ]
        )
        #expect(transport.requests.first?.text.contains("Targets") == false)
    }

    @Test func takesAStrangerAsNotRegistered() async throws {
        let steps = [
            Self.health([]), .text(400, Answers.error("InvalidTarget")), .text(400, Answers.error("InvalidTarget")),
        ]
        let elb = try client(ScriptedTransport(steps))
        for _ in 0..<2 { #expect(try await elb.health(of: "i-1", in: arn).isNotRegistered) }
        try await elb.deregister("i-1", from: arn)
    }

    @Test func registersAndDeregisters() async throws {
        let transport = ScriptedTransport([Self.answer("RegisterTargets", ""), Self.answer("DeregisterTargets", "")])
        let elb = try client(transport)
        try await elb.register("i-1", with: arn)
        try await elb.deregister("i-1", from: arn)
        let rest = "&Version=2015-12-01&TargetGroupArn=\(Self.encoded(Self.name))&Targets.member.1.Id=i-1"
        #expect(transport.requests.map(\.text) == ["Action=RegisterTargets\(rest)", "Action=DeregisterTargets\(rest)"])
    }

    @Test func saysWhereThereIsNoSuchGroup() async throws {
        let elb = try client(ScriptedTransport([.text(400, Answers.error("TargetGroupNotFound"))]))
        let failure = await #expect(throws: AWSFailure.self) { try await elb.health(of: "i-1", in: arn) }
        #expect(failure?.description.contains("check load_balancer.target_groups") == true)
    }

    @Test func saysWhichPermissionIsMissing() async throws {
        let elb = try client(ScriptedTransport([.text(403, Answers.error("AccessDenied"))]))
        let failure = await #expect(throws: AWSFailure.self) { try await elb.register("i-1", with: arn) }
        #expect(failure?.description.contains("allow elasticloadbalancing:RegisterTargets in the policy") == true)
    }

    private static func balancers(scheme: String) -> ScriptedTransport.Step {
        answer(
            "DescribeLoadBalancers",
            """
            <LoadBalancers><member><LoadBalancerArn>\(balancer)</LoadBalancerArn><LoadBalancerName>nlb</LoadBalancerName>
            <DNSName>nlb-1.elb.eu-central-1.amazonaws.com</DNSName><Scheme>\(scheme)</Scheme><VpcId>vpc-1</VpcId>
            <Type>network</Type><IpAddressType>dualstack</IpAddressType><State><Code>active</Code></State>
            <AvailabilityZones><member><ZoneName>eu-central-1a</ZoneName><SubnetId>subnet-1</SubnetId></member>
            </AvailabilityZones><SecurityGroups><member>sg-1</member></SecurityGroups></member></LoadBalancers>
            """
        )
    }

    private func group(balancers: [String]) -> TargetGroup {
        TargetGroup(
            arn: arn,
            addressing: TargetGroup.Addressing(targetType: .instance),
            port: 25,
            vpcID: nil,
            healthCheck: TargetGroup.HealthCheck(protocol: "TCP", port: "traffic-port", path: nil),
            loadBalancers: balancers
        )
    }

    @Test func asksAboutAnInternalLoadBalancerOnceAndAboutOthersAgain() async throws {
        for (scheme, count) in [("internal", 1), ("internet-facing", 3)] {
            let transport = ScriptedTransport((0..<3).map { _ in Self.balancers(scheme: scheme) })
            let elb = try client(transport)
            for _ in 0..<3 {
                let found = try await elb.internetFacingLoadBalancers(of: group(balancers: [Self.balancer]))
                #expect(found.isEmpty == (scheme == "internal"))
            }
            #expect(transport.requests.count == count)
        }
    }

    @Test func describesWhatSendsToAGroup() async throws {
        let transport = ScriptedTransport([
            Self.balancers(scheme: "internet-facing"),
            Self.answer(
                "DescribeListeners",
                """
                <Listeners><member><Port>25</Port><Protocol>TCP</Protocol><DefaultActions><member><Type>forward</Type>
                <TargetGroupArn>\(Self.name)</TargetGroupArn></member></DefaultActions></member>
                <member><Port>587</Port><Protocol>TCP</Protocol><DefaultActions><member><Type>forward</Type>
                <ForwardConfig><TargetGroups><member><TargetGroupArn>a</TargetGroupArn></member>
                <member><TargetGroupArn>b</TargetGroupArn></member></TargetGroups></ForwardConfig></member>
                </DefaultActions></member></Listeners>
                """
            ),
        ])
        let elb = try client(transport)
        let found = try await elb.loadBalancers(of: group(balancers: [Self.balancer]))
        let expected = NetworkLoadBalancer(
            arn: Self.balancer,
            name: "nlb",
            isInternetFacing: true,
            isDualStack: true,
            securityGroups: ["sg-1"],
            dnsName: "nlb-1.elb.eu-central-1.amazonaws.com",
            availabilityZones: ["eu-central-1a"],
            subnets: ["subnet-1"]
        )
        #expect(found == [expected])
        #expect(
            try await elb.listeners(of: expected) == [
                .init(port: 25, targetGroups: [Self.name]), .init(port: 587, targetGroups: ["a", "b"]),
            ]
        )
        let rest = Self.encoded(Self.balancer)
        #expect(
            transport.requests.map(\.text) == [
                "Action=DescribeLoadBalancers&Version=2015-12-01&LoadBalancerArns.member.1=\(rest)",
                "Action=DescribeListeners&Version=2015-12-01&LoadBalancerArn=\(rest)",
            ]
        )
    }

    @Test func asksForNoLoadBalancersWhereThereAreNone() async throws {
        #expect(try await client(ScriptedTransport()).loadBalancers(of: group(balancers: [])).isEmpty)
    }

    @Test func refusesWhatItCannotRead() async throws {
        let elb = try client(
            ScriptedTransport([Self.balancers(scheme: "sideways"), .text(200, "<R/>"), Self.health([])])
        )
        let failure = await #expect(throws: AWSFailure.self) {
            try await elb.loadBalancers(of: group(balancers: [Self.balancer]))
        }
        #expect(failure?.action == "elasticloadbalancing:DescribeLoadBalancers")
        await #expect(throws: AWSFailure.self) { try await elb.health(in: arn) }
        await #expect(throws: AWSFailure.self) { try await elb.targetGroup(arn) }
    }
}
