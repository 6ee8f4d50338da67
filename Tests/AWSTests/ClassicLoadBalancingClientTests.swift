import AWS
import RelayTestSupport
import Testing
import Vocabulary

@Suite struct ClassicLoadBalancingClientTests {
    private let name: ClassicLoadBalancerName
    private let instance: InstanceID

    init() throws {
        name = try ClassicLoadBalancerName("mail-relay")
        instance = try InstanceID("i-0123456789abcdef0")
    }

    private func client(_ transport: ScriptedTransport) throws -> ClassicLoadBalancingClient {
        ClassicLoadBalancingClient(try Answers.client(transport))
    }

    @Test func describes() async throws {
        let transport = ScriptedTransport([.text(200, Self.description())])
        let found = try await client(transport).describe(name)
        #expect(
            transport.requests.first?.text
                == "Action=DescribeLoadBalancers&Version=2012-06-01&LoadBalancerNames.member.1=mail-relay"
        )
        #expect(found.name == "mail-relay")
        #expect(found.scheme == .internal)
        #expect(found.vpcID == "vpc-1")
        #expect(found.securityGroups == ["sg-1", "sg-2"])
        #expect(
            found.listeners == [
                .init(loadBalancerPort: 25, instancePort: 25),
                .init(loadBalancerPort: 465, instancePort: 587, loadBalancerProtocol: "SSL", instanceProtocol: "TCP"),
            ]
        )
        #expect(found.healthCheckTarget == "HTTP:80/health")
        #expect(found.dnsName == "mail-relay-1.eu-central-1.elb.amazonaws.com")
        #expect(found.availabilityZones == ["eu-central-1a", "eu-central-1b"])
        #expect(found.subnets == ["subnet-1"])
        #expect(found.backendPolicies == [25: ["proxy"], 587: ["other"]])
        #expect(found.instances == [instance])
    }

    @Test func takesALoadBalancerWithoutSchemeAsInternetFacing() async throws {
        let transport = ScriptedTransport([.text(200, Self.description(scheme: ""))])
        #expect(try await client(transport).describe(name).scheme == .internetFacing)
    }

    @Test(arguments: [
        description(scheme: "sideways"), description(port: "many"), "<DescribeLoadBalancersResponse/>",
    ])
    func refusesADescriptionThatItCannotRead(answer: String) async throws {
        let elb = try client(ScriptedTransport([.text(200, answer)]))
        let failure = await #expect(throws: AWSFailure.self) { try await elb.describe(name) }
        #expect(failure?.action == "elasticloadbalancing:DescribeLoadBalancers")
        guard case .unreadable = failure?.reason else {
            Issue.record("not unreadable: \(String(describing: failure))")
            return
        }
    }

    @Test func saysWhereThereIsNoSuchLoadBalancer() async throws {
        let elb = try client(ScriptedTransport([.text(400, Answers.error("LoadBalancerNotFound", "No 'mail-relay'"))]))
        let failure = await #expect(throws: AWSFailure.self) { try await elb.describe(name) }
        #expect(failure?.error?.isNotFound == true)
    }

    private static func health(_ state: String, _ description: String = "Instance has failed.") -> String {
        """
        <DescribeInstanceHealthResponse><DescribeInstanceHealthResult><InstanceStates><member>
        <Description>\(description)</Description><InstanceId>i-0123456789abcdef0</InstanceId><State>\(state)</State>
        <ReasonCode>Instance</ReasonCode></member></InstanceStates></DescribeInstanceHealthResult>
        </DescribeInstanceHealthResponse>
        """
    }

    @Test(arguments: [("InService", InstanceHealth.State.inService), ("OutOfService", .outOfService)])
    func readsHealth(text: String, state: InstanceHealth.State) async throws {
        let transport = ScriptedTransport([.text(200, Self.health(text))])
        let health = try await client(transport).health(of: instance, in: name)
        #expect(health == .init(state: state, reasonCode: "Instance", description: "Instance has failed."))
        #expect(
            transport.requests.first?.text == """
                Action=DescribeInstanceHealth&Version=2012-06-01&LoadBalancerName=mail-relay\
                &Instances.member.1.InstanceId=i-0123456789abcdef0
                """
        )
    }

    @Test(arguments: [
        health("OutOfService", "Instance is not currently registered with the LoadBalancer."),
        health("InService", "Instance deregistration currently in progress."),
    ])
    func takesAnInstanceThatLeavesAsNotRegistered(answer: String) async throws {
        let elb = try client(ScriptedTransport([.text(200, answer)]))
        #expect(try await elb.health(of: instance, in: name) == nil)
    }

    @Test(arguments: ["Unknown", "Sleepy"])
    func looksForAnUnknownInstanceAmongTheMembers(state: String) async throws {
        let steps: [ScriptedTransport.Step] = [.text(200, Self.health(state, "N/A")), .text(200, Self.description())]
        let elb = try client(ScriptedTransport(steps + steps))
        #expect(try await elb.health(of: instance, in: name)?.state == .unknown)
        let other = try InstanceID("i-aaaaaaaa")
        let gone = Self.health(state, "N/A").split(separator: instance.description).joined(separator: "\(other)")
        let otherELB = try client(ScriptedTransport([.text(200, gone), .text(200, Self.description())]))
        #expect(try await otherELB.health(of: other, in: name) == nil)
    }

    @Test(arguments: ["InvalidInstance", "InvalidEndPoint"])
    func takesAnInstanceThatIsUnknownThereAsNotRegistered(code: String) async throws {
        let elb = try client(ScriptedTransport([.text(400, Answers.error(code)), .text(400, Answers.error(code))]))
        #expect(try await elb.health(of: instance, in: name) == nil)
        try await elb.deregister(instance, from: name)
    }

    @Test func takesAnEmptyListAsNotRegistered() async throws {
        let answer = "<R><DescribeInstanceHealthResult><InstanceStates/></DescribeInstanceHealthResult></R>"
        let elb = try client(ScriptedTransport([.text(200, answer)]))
        #expect(try await elb.health(of: instance, in: name) == nil)
    }

    @Test func doesNotTakeAnotherErrorAsNotRegistered() async throws {
        let elb = try client(ScriptedTransport([.text(403, Answers.error("AccessDenied"))]))
        let failure = await #expect(throws: AWSFailure.self) { try await elb.health(of: instance, in: name) }
        #expect(
            failure?.description.hasSuffix(
                "allow elasticloadbalancing:DescribeInstanceHealth in the policy of the instance's role"
            ) == true
        )
    }

    @Test func registersAndDeregisters() async throws {
        let transport = ScriptedTransport([.text(200, "<A/>"), .text(200, "<A/>")])
        let elb = try client(transport)
        try await elb.register(instance, with: name)
        try await elb.deregister(instance, from: name)
        let rest = "&Version=2012-06-01&LoadBalancerName=mail-relay&Instances.member.1.InstanceId=i-0123456789abcdef0"
        #expect(
            transport.requests.map(\.text) == [
                "Action=RegisterInstancesWithLoadBalancer\(rest)", "Action=DeregisterInstancesFromLoadBalancer\(rest)",
            ]
        )
    }

    @Test func findsThePortsOfTheProxyProtocol() async throws {
        let policies = """
            <R><DescribeLoadBalancerPoliciesResult><PolicyDescriptions>
            \(Self.policy("proxy", "ProxyProtocolPolicyType", "true"))
            \(Self.policy("off", "ProxyProtocolPolicyType", "false"))
            \(Self.policy("other", "PublicKeyPolicyType", "true"))
            </PolicyDescriptions></DescribeLoadBalancerPoliciesResult></R>
            """
        let transport = ScriptedTransport([.text(200, policies)])
        let balancer = Self.balancer(policies: [25: ["proxy"], 587: ["off", "other"], 80: []])
        #expect(try await client(transport).proxyProtocolPorts(of: balancer) == [25])
        #expect(
            transport.requests.first?.text
                == "Action=DescribeLoadBalancerPolicies&Version=2012-06-01&LoadBalancerName=mail-relay"
        )
    }

    @Test func asksForNoPoliciesWhereThereAreNone() async throws {
        let elb = try client(ScriptedTransport())
        #expect(try await elb.proxyProtocolPorts(of: Self.balancer(policies: [:])).isEmpty)
        #expect(try await elb.proxyProtocolPorts(of: Self.balancer(policies: [25: []])).isEmpty)
    }

    private static func balancer(policies: [UInt16: [String]]) -> ClassicLoadBalancer {
        ClassicLoadBalancer(
            name: "mail-relay",
            scheme: .internal,
            vpcID: nil,
            securityGroups: [],
            listeners: [],
            healthCheckTarget: "",
            backendPolicies: policies
        )
    }

    private static func policy(_ name: String, _ type: String, _ value: String) -> String {
        """
        <member><PolicyName>\(name)</PolicyName><PolicyTypeName>\(type)</PolicyTypeName><PolicyAttributeDescriptions>
        <member><AttributeName>ProxyProtocol</AttributeName><AttributeValue>\(value)</AttributeValue></member>
        </PolicyAttributeDescriptions></member>
        """
    }

    private static func description(scheme: String = "internal", port: String = "25") -> String {
        """
        <DescribeLoadBalancersResponse xmlns="http://elasticloadbalancing.amazonaws.com/doc/2012-06-01/">
        <DescribeLoadBalancersResult><LoadBalancerDescriptions><member>
        <LoadBalancerName>mail-relay</LoadBalancerName><Scheme>\(scheme)</Scheme><VPCId>vpc-1</VPCId>
        <DNSName>mail-relay-1.eu-central-1.elb.amazonaws.com</DNSName>
        <SecurityGroups><member>sg-1</member><member>sg-2</member></SecurityGroups>
        <Subnets><member>subnet-1</member></Subnets>
        <AvailabilityZones><member>eu-central-1a</member><member>eu-central-1b</member></AvailabilityZones>
        <ListenerDescriptions>
        <member><PolicyNames/><Listener><Protocol>TCP</Protocol><LoadBalancerPort>\(port)</LoadBalancerPort>
        <InstanceProtocol>TCP</InstanceProtocol><InstancePort>25</InstancePort></Listener></member>
        <member><PolicyNames/><Listener><Protocol>SSL</Protocol><LoadBalancerPort>465</LoadBalancerPort>
        <InstanceProtocol>TCP</InstanceProtocol><InstancePort>587</InstancePort></Listener></member>
        </ListenerDescriptions>
        <BackendServerDescriptions>
        <member><InstancePort>25</InstancePort><PolicyNames><member>proxy</member></PolicyNames></member>
        <member><InstancePort>587</InstancePort><PolicyNames><member>other</member></PolicyNames></member>
        </BackendServerDescriptions>
        <HealthCheck><Interval>10</Interval><Target>HTTP:80/health</Target></HealthCheck>
        <Instances><member><InstanceId>i-0123456789abcdef0</InstanceId></member></Instances>
        </member></LoadBalancerDescriptions></DescribeLoadBalancersResult>
        </DescribeLoadBalancersResponse>
        """
    }
}
