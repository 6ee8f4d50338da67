import AWS
import RelayTestSupport
import Testing
import Vocabulary

/// The calls that only the doctor makes.
struct DoctorReadingTests {
    @Test func readsANetworkACL() async throws {
        let answer = """
            <R><networkAclSet><item><networkAclId>acl-1</networkAclId><entrySet>
            <item><ruleNumber>100</ruleNumber><protocol>6</protocol><ruleAction>allow</ruleAction><egress>true</egress>
            <cidrBlock>10.0.0.0/16</cidrBlock><portRange><from>25</from><to>26</to></portRange></item>
            <item><ruleNumber>32768</ruleNumber><protocol>-1</protocol><ruleAction>deny</ruleAction><egress>false</egress>
            <ipv6CidrBlock>::/0</ipv6CidrBlock></item></entrySet></item></networkAclSet></R>
            """
        let transport = ScriptedTransport([.text(200, answer)])
        let acl = try await EC2Client(Answers.client(transport, .ec2)).networkACL(ofSubnet: "subnet-1")
        let entries = [
            NetworkACL.Entry(
                100,
                allows: true,
                isEgress: true,
                ipProtocol: "6",
                ports: 25...26,
                network: try IPNetwork("10.0.0.0/16")
            ),
            NetworkACL.Entry(32768, allows: false, isEgress: false, network: try IPNetwork("::/0")),
        ]
        #expect(acl == NetworkACL(id: "acl-1", entries: entries))
        #expect(
            transport.requests.first?.text.hasSuffix(
                "&Filter.1.Name=association.subnet-id&Filter.1.Value.1=subnet-1"
            ) == true
        )
    }

    @Test func readsTheMainRouteTableOfASubnetWithoutItsOwn() async throws {
        let answer = """
            <R><routeTableSet><item><routeTableId>rtb-1</routeTableId><routeSet>
            <item><destinationCidrBlock>10.0.0.0/16</destinationCidrBlock><gatewayId>local</gatewayId>
            <state>active</state></item>
            <item><destinationCidrBlock>0.0.0.0/0</destinationCidrBlock><natGatewayId>nat-1</natGatewayId>
            <state>blackhole</state></item>
            <item><destinationIpv6CidrBlock>::/0</destinationIpv6CidrBlock><gatewayId>igw-1</gatewayId></item>
            <item><destinationPrefixListId>pl-1</destinationPrefixListId><transitGatewayId>tgw-1</transitGatewayId></item>
            </routeSet></item></routeTableSet></R>
            """
        let transport = ScriptedTransport([.text(200, "<R><routeTableSet/></R>"), .text(200, answer)])
        let ec2 = EC2Client(try Answers.client(transport, .ec2))
        let table = try await ec2.routeTable(ofSubnet: "subnet-1", in: "vpc-1")
        let everywhere = RouteTable.Route(try IPNetwork("0.0.0.0/0"), to: "nat-1", isBlackhole: true)
        #expect(table?.route(to: try IPAddress("8.0.0.25")) == everywhere)
        let local = RouteTable.Route(try IPNetwork("10.0.0.0/16"), to: "local")
        let listed = RouteTable.Route(.prefixList("pl-1"), to: "tgw-1")
        #expect(table?.routes == [local, everywhere, RouteTable.Route(try IPNetwork("::/0"), to: "igw-1"), listed])
        #expect(table?.prefixLists == ["pl-1"])
        // The longest prefix decides, also where it is in a list.
        let lists = ["pl-1": [try IPNetwork("8.0.0.0/8")]]
        #expect(table?.route(to: try IPAddress("8.0.0.25"), lists: lists) == listed)
        #expect(table?.route(to: try IPAddress("10.0.0.25"), lists: lists) == local)
        #expect(
            transport.requests.last?.text.hasSuffix(
                "Filter.1.Value.1=vpc-1&Filter.2.Name=association.main&Filter.2.Value.1=true"
            ) == true
        )
    }

    @Test func readsTheAddressesOfANATGateway() async throws {
        let answer = """
            <R><natGatewaySet><item><natGatewayId>nat-1</natGatewayId><natGatewayAddressSet>
            <item><allocationId>eipalloc-1</allocationId><publicIp>192.0.2.25</publicIp><privateIp>10.0.0.4</privateIp></item>
            <item><publicIp>192.0.2.26</publicIp></item></natGatewayAddressSet></item></natGatewaySet></R>
            """
        let transport = ScriptedTransport([.text(200, answer)])
        let found = try await EC2Client(Answers.client(transport, .ec2)).publicAddresses(ofNATGateway: "nat-1")
        #expect(found == [try IPAddress("192.0.2.25"), try IPAddress("192.0.2.26")])
        #expect(transport.requests.first?.text.hasSuffix("&NatGatewayId.1=nat-1") == true)
    }

    @Test func readsTheAddressesOfALoadBalancersInterfaces() async throws {
        let answer = """
            <R><networkInterfaceSet><item><privateIpAddress>10.0.0.4</privateIpAddress><privateIpAddressesSet>
            <item><privateIpAddress>10.0.0.4</privateIpAddress><association><publicIp>192.0.2.25</publicIp></association></item>
            </privateIpAddressesSet><ipv6AddressesSet><item><ipv6Address>2001:db8::4</ipv6Address></item></ipv6AddressesSet>
            </item><item><privateIpAddressesSet><item><privateIpAddress>10.0.1.4</privateIpAddress></item>
            </privateIpAddressesSet></item></networkInterfaceSet></R>
            """
        let transport = ScriptedTransport([.text(200, answer)])
        let ec2 = EC2Client(try Answers.client(transport, .ec2))
        let found = try await ec2.addresses(ofInterfacesDescribed: "ELB relay")
        #expect(found == [try IPAddress("10.0.0.4"), try IPAddress("2001:db8::4"), try IPAddress("10.0.1.4")])
        #expect(transport.requests.first?.text.hasSuffix("Name=description&Filter.1.Value.1=ELB%20relay") == true)
        let arn = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/net/relay/50dc6c495c0c9188"
        #expect(LoadBalancerInterfaces.description(ofNetwork: arn) == "ELB net/relay/50dc6c495c0c9188")
        #expect(LoadBalancerInterfaces.description(ofClassic: try ClassicLoadBalancerName("relay")) == "ELB relay")
    }

    @Test func readsWhereAGroupLetsOneOut() async throws {
        let answer = """
            <R><securityGroupInfo><item><groupId>sg-1</groupId><ipPermissionsEgress><item><ipProtocol>-1</ipProtocol>
            <ipRanges><item><cidrIp>0.0.0.0/0</cidrIp></item></ipRanges></item></ipPermissionsEgress></item>
            </securityGroupInfo></R>
            """
        let ec2 = EC2Client(try Answers.client(ScriptedTransport([.text(200, answer)]), .ec2))
        let group = try #require(await ec2.securityGroups(["sg-1"]).first)
        #expect(group.ingress.isEmpty)
        #expect(group.egress.contains { $0.admits(25, at: try? IPAddress("192.0.2.1")) })
    }

    @Test func readsAClassicLoadBalancersAttributes() async throws {
        func attributes(_ inner: String) async throws -> ClassicAttributes {
            let answer = """
                <R><DescribeLoadBalancerAttributesResult><LoadBalancerAttributes>\(inner)</LoadBalancerAttributes>
                </DescribeLoadBalancerAttributesResult></R>
                """
            let client = ClassicLoadBalancingClient(try Answers.client(ScriptedTransport([.text(200, answer)])))
            return try await client.attributes(of: ClassicLoadBalancerName("relay"))
        }
        let set = """
            <ConnectionSettings><IdleTimeout>30</IdleTimeout></ConnectionSettings>
            <CrossZoneLoadBalancing><Enabled>true</Enabled></CrossZoneLoadBalancing>
            """
        #expect(try await attributes(set) == ClassicAttributes(idleTimeout: 30, isCrossZone: true))
        #expect(try await attributes("") == ClassicAttributes(idleTimeout: 60, isCrossZone: false))
    }

    @Test(arguments: [("true", true), ("false", false)])
    func readsWhetherANetworkLoadBalancerCrossesZones(value: String, isCrossZone: Bool) async throws {
        let answer = """
            <R><DescribeLoadBalancerAttributesResult><Attributes><member><Key>load_balancing.cross_zone.enabled</Key>
            <Value>\(value)</Value></member></Attributes></DescribeLoadBalancerAttributesResult></R>
            """
        let query = try Answers.client(ScriptedTransport([.text(200, answer)]), .elasticLoadBalancingV2)
        let client = NetworkLoadBalancingClient(query, memory: NetworkLoadBalancingClient.Memory())
        #expect(try await client.isCrossZone(NetworkLoadBalancer(arn: "arn", name: "nlb")) == isCrossZone)
    }
}
