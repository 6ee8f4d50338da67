import AWS
import RelayTestSupport
import Testing
import Vocabulary

@Suite struct EC2ClientTests {
    private func client(_ transport: ScriptedTransport) throws -> EC2Client {
        EC2Client(try Answers.client(transport, .ec2))
    }

    private func page(_ tags: [(String, String)], next: String = "") -> ScriptedTransport.Step {
        let items = tags.map { "<item><key>\($0)</key><value>\($1)</value></item>" }.joined()
        return .text(200, "<R><tagSet>\(items)</tagSet><nextToken>\(next)</nextToken></R>")
    }

    @Test func readsTagsPageByPage() async throws {
        let pages = [page([("Name", "relay"), ("empty", "")], next: "t=2"), page([("a:b", "ü")])]
        let transport = ScriptedTransport(pages)
        let tags = try await client(transport).tags(of: InstanceID("i-12345678"))
        #expect(tags == ["Name": "relay", "empty": "", "a:b": "ü"])
        let first = """
            Action=DescribeTags&Version=2016-11-15&Filter.1.Name=resource-id&Filter.1.Value.1=i-12345678
            """
        #expect(transport.requests.map(\.text) == [first, "\(first)&NextToken=t%3D2"])
    }

    @Test func doesNotReadPagesWithoutEnd() async throws {
        let transport = ScriptedTransport([ScriptedTransport.Step](repeating: page([], next: "more"), count: 100))
        let ec2 = try client(transport)
        let instance = try InstanceID("i-12345678")
        let failure = await #expect(throws: AWSFailure.self) { try await ec2.tags(of: instance) }
        #expect(failure?.description.contains("more than 20 pages") == true)
    }

    @Test func readsSecurityGroups() async throws {
        let answer = """
            <R><securityGroupInfo><item><groupId>sg-1</groupId><groupName>mail</groupName><ipPermissions>
            <item><ipProtocol>tcp</ipProtocol><fromPort>25</fromPort><toPort>26</toPort>
            <groups><item><groupId>sg-9</groupId></item></groups>
            <ipRanges><item><cidrIp>10.0.0.0/16</cidrIp></item></ipRanges>
            <ipv6Ranges><item><cidrIpv6>2001:db8::/32</cidrIpv6></item></ipv6Ranges>
            <prefixListIds><item><prefixListId>pl-1</prefixListId></item></prefixListIds></item>
            <item><ipProtocol>-1</ipProtocol><groups/><ipRanges/></item>
            <item><ipProtocol>icmp</ipProtocol><fromPort>-1</fromPort><toPort>-1</toPort></item>
            </ipPermissions></item></securityGroupInfo></R>
            """
        let transport = ScriptedTransport([.text(200, answer)])
        let groups = try await client(transport).securityGroups(["sg-1", "sg-2"])
        #expect(
            transport.requests.first?.text
                == "Action=DescribeSecurityGroups&Version=2016-11-15&GroupId.1=sg-1&GroupId.2=sg-2"
        )
        let sources = try [IPNetwork("10.0.0.0/16"), IPNetwork("2001:db8::/32")]
        let mail = SecurityGroup.Rule(
            ipProtocol: "tcp",
            ports: 25...26,
            sources: sources,
            prefixLists: ["pl-1"],
            groups: ["sg-9"]
        )
        #expect(
            groups == [
                SecurityGroup(
                    id: "sg-1",
                    name: "mail",
                    ingress: [
                        mail,
                        .init(ipProtocol: "-1", ports: nil, sources: []),
                        .init(ipProtocol: "icmp", ports: nil, sources: []),
                    ]
                )
            ]
        )
    }

    @Test func readsPrefixListsPageByPage() async throws {
        func page(_ ranges: [String], next: String = "") -> ScriptedTransport.Step {
            let items = ranges.map { "<item><cidr>\($0)</cidr><description/></item>" }.joined()
            return .text(200, "<R><entrySet>\(items)</entrySet><nextToken>\(next)</nextToken></R>")
        }
        let transport = ScriptedTransport([page(["192.0.2.0/24"], next: "t"), page(["2001:db8::/32"])])
        let entries = try await client(transport).entries(ofPrefixList: "pl-1")
        #expect(entries == [try IPNetwork("192.0.2.0/24"), try IPNetwork("2001:db8::/32")])
        let first = "Action=GetManagedPrefixListEntries&Version=2016-11-15&PrefixListId=pl-1"
        #expect(transport.requests.map(\.text) == [first, "\(first)&NextToken=t"])
        // A range that is left out could be the one that opens the door.
        let ec2 = try client(ScriptedTransport([page(["everywhere"])]))
        await #expect(throws: AWSFailure.self) { try await ec2.entries(ofPrefixList: "pl-1") }
    }

    @Test func readsOnlyThePrefixListsOfTheDoor() async throws {
        func rule(_ port: Int, _ list: String) -> String {
            """
            <item><ipProtocol>tcp</ipProtocol><fromPort>\(port)</fromPort><toPort>\(port)</toPort><prefixListIds><item>
            <prefixListId>\(list)</prefixListId></item></prefixListIds></item>
            """
        }
        let group = """
            <R><securityGroupInfo><item><groupId>sg-1</groupId><ipPermissions>\(rule(25, "pl-1"))\(rule(443, "pl-2"))
            \(rule(587, "pl-1"))</ipPermissions></item></securityGroupInfo></R>
            """
        let list = "<R><entrySet><item><cidr>0.0.0.0/0</cidr></item></entrySet></R>"
        let transport = ScriptedTransport([.text(200, group), .text(200, list)])
        let ingress = try await client(transport).ingress(of: ["sg-1"], on: [25, 587])
        #expect(transport.requests.count == 2)
        #expect(ingress.isWorld(on: 25) && ingress.isWorld(on: 587) && !ingress.isWorld(on: 443))
        let denied = ScriptedTransport([.text(200, group), .text(403, Answers.error("UnauthorizedOperation"))])
        guard
            case .unknown("pl-1", "sg-1", _) = try await client(denied).ingress(of: ["sg-1"], on: [25]).exposure(on: 25)
        else {
            Issue.record("a list that can't be read says nothing")
            return
        }
    }

    @Test func asksForNoGroupsWhereThereAreNone() async throws {
        #expect(try await client(ScriptedTransport()).securityGroups([]).isEmpty)
    }

    @Test func refusesARangeThatItCannotRead() async throws {
        let answer = """
            <R><securityGroupInfo><item><ipPermissions><item><ipProtocol>tcp</ipProtocol>
            <ipRanges><item><cidrIp>everywhere</cidrIp></item></ipRanges></item></ipPermissions></item>
            </securityGroupInfo></R>
            """
        let ec2 = try client(ScriptedTransport([.text(200, answer)]))
        let failure = await #expect(throws: AWSFailure.self) { try await ec2.securityGroups(["sg-1"]) }
        #expect(failure?.action == "ec2:DescribeSecurityGroups")
        #expect(failure?.description.contains("'everywhere'") == true)
    }

    private static let doors: [(String, ClosedRange<Int>?, String, Bool)] = [
        ("tcp", 25...25, "0.0.0.0/0", true), ("tcp", 1...1024, "::/0", true), ("6", nil, "0.0.0.0/0", true),
        ("-1", nil, "0.0.0.0/0", true), ("-1", 80...80, "0.0.0.0/0", true), ("tcp", 25...25, "128.0.0.0/1", true),
        ("tcp", 25...25, "10.0.0.0/8", false), ("tcp", 26...30, "0.0.0.0/0", false),
        ("udp", 25...25, "0.0.0.0/0", false), ("icmp", nil, "0.0.0.0/0", false),
    ]

    @Test(arguments: doors)
    func seesADoorOpenToTheWorld(
        ipProtocol: String,
        ports: ClosedRange<Int>?,
        source: String,
        isOpen: Bool
    ) throws {
        let rule = SecurityGroup.Rule(ipProtocol: ipProtocol, ports: ports, sources: [try IPNetwork(source)])
        #expect(Ingress([SecurityGroup(id: "sg-1", ingress: [rule])]).isWorld(on: 25) == isOpen)
        #expect(!Ingress([SecurityGroup(id: "sg-1", ingress: [])]).isWorld(on: 25))
    }
}
