import AWS
import Host
import RelayNode
import RelayTestSupport
import SystemPackage
import Testing
import Vocabulary

@testable import Doctor

struct NetworkExaminationTests {
    private func node(isPublic: Bool = false, direct: Bool = true, isProxied: Bool = false) throws -> InstanceNetwork {
        InstanceNetwork(
            address: try IPAddress("10.0.1.10"),
            hasPublicAddress: isPublic,
            subnet: "subnet-1",
            subnetNetwork: try IPNetwork("10.0.1.0/24"),
            vpc: "vpc-1",
            vpcNetwork: try IPNetwork("10.0.0.0/16"),
            isProxied: isProxied,
            deliversDirectly: direct,
            securityGroups: { [] }
        )
    }

    private func view(
        addresses: [String] = ["10.0.0.25"],
        masks: Bool = true,
        connects: Bool? = nil,
        idleTimeout: Int? = 60,
        zones: [String] = ["a"],
        crossZone: Bool = false
    ) throws -> LoadBalancerView {
        LoadBalancerView(
            name: "load balancer lb",
            place: "load balancer lb",
            securityGroups: ["sg-lb"],
            addresses: try addresses.map { try IPAddress($0) },
            addressFailure: nil,
            doors: [.init(port: 25, instancePort: 25)],
            isInternetFacing: false,
            masksSenders: masks,
            connectsItself: connects ?? masks,
            zones: zones,
            subnets: [],
            isCrossZone: crossZone,
            idleTimeout: idleTimeout,
            healthPort: 80
        )
    }

    private func rule(_ port: Int, _ source: String? = nil, group: String? = nil) throws -> SecurityGroup.Rule {
        SecurityGroup.Rule(
            ipProtocol: "tcp",
            ports: port...port,
            sources: try source.map { [try IPNetwork($0)] } ?? [],
            groups: group.map { [$0] } ?? []
        )
    }

    private func judge(_ view: LoadBalancerView, _ own: [SecurityGroup.Rule], lb: SecurityGroup) throws -> [String] {
        let group = SecurityGroup(id: "sg-own", ingress: own)
        return SecurityGroupsExamination.judge(view, Ingress([lb]), Ingress([group]), try node()).map(\.name)
    }

    private var openLB: SecurityGroup {
        get throws {
            let everything = SecurityGroup.Rule(ipProtocol: "-1", ports: nil, sources: [try IPNetwork("0.0.0.0/0")])
            return SecurityGroup(id: "sg-lb", ingress: [try rule(25, "10.0.0.0/16")], egress: [everything])
        }
    }

    @Test func aLoadBalancerIsLetInByItsGroupOrItsAddress() throws {
        let (lb, view) = (try openLB, try view())
        #expect(try judge(view, [rule(25, group: "sg-lb"), rule(80, group: "sg-lb")], lb: lb).isEmpty)
        #expect(try judge(view, [rule(25, "10.0.0.25/32"), rule(80, "10.0.0.0/24")], lb: lb).isEmpty)
        #expect(
            try judge(view, [rule(25, group: "sg-lb"), rule(80, "10.0.9.0/24")], lb: lb)
                == ["instance-closed-to-load-balancer"]
        )
        // One whose senders are shown lets mail in from them, but its checks are its own.
        let shown = try self.view(masks: false)
        #expect(try judge(shown, [rule(25, "192.0.2.0/24"), rule(80, group: "sg-lb")], lb: lb).isEmpty)
        // Without an address, its groups tell.
        let nameless = try self.view(addresses: [])
        #expect(try judge(nameless, [rule(25, "10.0.0.25/32"), rule(80, group: "sg-lb")], lb: lb).count == 1)
    }

    @Test func egressMayBeToTheInstancesGroup() throws {
        let out = [try rule(25, group: "sg-own"), try rule(80, "10.0.1.10/32")]
        let lb = SecurityGroup(id: "sg-lb", ingress: [try rule(25, "10.0.0.0/16")], egress: out)
        let own = [try rule(25, group: "sg-lb"), try rule(80, group: "sg-lb")]
        #expect(try judge(view(), own, lb: lb).isEmpty)
        let closed = SecurityGroup(id: "sg-lb", ingress: [try rule(25, "10.0.0.0/16")], egress: [])
        #expect(
            try judge(view(), own, lb: closed) == ["load-balancer-egress-closed", "load-balancer-egress-closed"]
        )
    }

    @Test func aNodeWithASmarthostNeedsNoPort25Outwards() throws {
        let closed = [SecurityGroup(id: "sg-own", ingress: [])]
        #expect(SecurityGroupsExamination.judge(Ingress(closed), try node()).map(\.name) == ["instance-egress-closed"])
        #expect(SecurityGroupsExamination.judge(Ingress(closed), try node(direct: false)).isEmpty)
        // A way to one's own networks is none to the internet.
        let inner = SecurityGroup(id: "sg-own", ingress: [], egress: [try rule(25, "10.0.0.0/8")])
        #expect(SecurityGroupsExamination.judge(Ingress([inner]), try node()).map(\.name) == ["instance-egress-closed"])
    }

    @Test func ofAnACLTheLowestNumberDecides() throws {
        func entry(_ number: Int, _ allows: Bool, _ network: String, _ ports: ClosedRange<Int>? = nil) throws
            -> NetworkACL.Entry
        {
            NetworkACL.Entry(
                number,
                allows: allows,
                isEgress: false,
                ipProtocol: ports == nil ? "-1" : "6",
                ports: ports,
                network: try IPNetwork(network)
            )
        }
        let acl = NetworkACL(
            id: "acl-1",
            entries: [
                try entry(100, true, "0.0.0.0/0"), try entry(50, false, "10.0.0.0/24", 25...25),
                try entry(32767, false, "0.0.0.0/0"),
            ]
        )
        #expect(!acl.allows(25, at: try IPAddress("10.0.0.25"), isEgress: false))
        #expect(acl.allows(26, at: try IPAddress("10.0.0.25"), isEgress: false))
        #expect(acl.allows(25, at: try IPAddress("10.0.1.25"), isEgress: false))
        #expect(!acl.allows(25, at: try IPAddress("10.0.1.25"), isEgress: true))
        // Within a subnet no network ACL is asked.
        let near = try view(addresses: ["10.0.1.25"])
        let nothing = NetworkACL(id: "acl-1", entries: [])
        #expect(SubnetExamination.judge(nothing, [near], try node(direct: false)).isEmpty)
        #expect(!SubnetExamination.judge(nothing, [try view()], try node(direct: false)).isEmpty)
    }

    /// The findings about the routes of a table.
    private func seen(
        _ routes: [RouteTable.Route],
        lists: [String: [IPNetwork]] = [:],
        isPublic: Bool = false
    ) throws -> String? {
        let table = RouteTable(id: "rtb-1", routes: routes)
        return SubnetExamination.judge(WaysOut.Reading(table: table, lists: lists), try node(isPublic: isPublic)).first?
            .seen
    }

    @Test func aWayOutHasToLeadSomewhere() throws {
        let everywhere = try IPNetwork("0.0.0.0/0")
        #expect(try seen([.init(everywhere, to: "nat-1")]) == nil)
        #expect(try seen([.init(everywhere, to: "igw-1")], isPublic: true) == nil)
        #expect(try seen([.init(everywhere, to: "igw-1")])?.contains("no public address") == true)
        #expect(try seen([.init(everywhere, to: "nat-1", isBlackhole: true)])?.contains("is gone") == true)
        #expect(try seen([])?.contains("no route to") == true)
    }

    @Test func aWayOutMayBeOfSeveralRoutes() throws {
        let (low, high) = (try IPNetwork("0.0.0.0/1"), try IPNetwork("128.0.0.0/1"))
        #expect(try seen([.init(low, to: "nat-1"), .init(high, to: "nat-1")]) == nil)
        #expect(try seen([.init(low, to: "nat-1")])?.contains("no route to 150.0.0.25") == true)
        let listed = RouteTable.Route(.prefixList("pl-1"), to: "tgw-1")
        #expect(try seen([listed], lists: ["pl-1": [low, high]]) == nil)
        #expect(try seen([listed], lists: ["pl-1": [high]])?.contains("no route to 8.0.0.25") == true)
        // A list that may not be read is no missing route.
        let denied = AWSFailure(action: "ec2:GetManagedPrefixListEntries", reason: .unreadable("x"))
        let unread = WaysOut.Reading(table: RouteTable(id: "rtb-1", routes: [listed]), failure: denied)
        #expect(SubnetExamination.judge(unread, try node()).map(\.name) == ["examination-failed"])
    }

    @Test func anACLThatKeepsOutReservedRangesStopsNoMail() throws {
        func entry(_ number: Int, _ allows: Bool, _ network: String, isEgress: Bool) throws -> NetworkACL.Entry {
            NetworkACL.Entry(number, allows: allows, isEgress: isEgress, network: try IPNetwork(network))
        }
        func names(_ denied: String) throws -> [String] {
            let entries = try [true, false].flatMap { isEgress in
                [
                    try entry(50, false, denied, isEgress: isEgress),
                    try entry(100, true, "0.0.0.0/0", isEgress: isEgress),
                ]
            }
            return SubnetExamination.judge(NetworkACL(id: "acl-1", entries: entries), [], try node()).map(\.name)
        }
        #expect(try names("203.0.113.0/24").isEmpty)
        // A part of the world may be kept out on purpose.
        #expect(try names("200.0.0.0/8").isEmpty)
        #expect(try names("0.0.0.0/0") == ["network-acl-blocks-mail", "network-acl-blocks-mail"])
    }

    @Test func aLoadBalancersWaysAreJudged() throws {
        func names(_ view: LoadBalancerView) -> [String] {
            LoadBalancerExamination.judge(view, zone: "a").map(\.name)
        }
        #expect(names(try view()).isEmpty)
        #expect(names(try view(idleTimeout: 59)) == ["idle-timeout-too-short"])
        #expect(names(try view(zones: ["a", "b"])) == ["cross-zone-off"])
        #expect(names(try view(zones: ["a", "b"], crossZone: true)).isEmpty)
        #expect(names(try view(zones: ["b"])) == ["zone-not-enabled"])
    }

    @Test func whereAHeaderTellsTheSenderOnlyTheLoadBalancerMayComeNear() throws {
        func names(_ source: String, _ port: Int = 25, isPublic: Bool = false) throws -> [String] {
            let group = SecurityGroup(id: "sg-own", ingress: [try rule(port, source)])
            return ProxyExamination.judge(Ingress([group]), try node(isPublic: isPublic, isProxied: true)).map {
                "\($0.severity) \($0.name)"
            }
        }
        #expect(try names("10.0.0.0/24").isEmpty)
        #expect(try names("10.0.0.0/16") == ["warning proxy-header-forgeable"])
        #expect(try names("10.0.0.0/8", 587) == ["warning proxy-header-forgeable"])
        #expect(try names("0.0.0.0/0") == ["warning proxy-header-forgeable"])
        #expect(try names("0.0.0.0/0", isPublic: true) == ["critical proxy-header-forgeable"])
        #expect(try names("0.0.0.0/0", 80).isEmpty)
        let byGroup = SecurityGroup(id: "sg-own", ingress: [try rule(25, group: "sg-lb")])
        #expect(ProxyExamination.judge(Ingress([byGroup]), try node(isProxied: true)).isEmpty)
    }

    @Test func aLoadBalancerThatTellsTheSendersIsNotToBeTrustedItself() throws {
        func names(_ view: LoadBalancerView, _ networks: String) throws -> [String] {
            let allowed = try IPNetwork(networks)
            return ProxyExamination.judge([view]) { allowed.contains($0) }.map(\.name)
        }
        #expect(try names(view(masks: false), "10.0.2.0/24").isEmpty)
        #expect(try names(view(masks: false), "10.0.0.0/16") == ["load-balancer-in-networks"])
        // Where it hides the senders, its address is all that there is to trust.
        #expect(try names(view(), "10.0.0.0/16").isEmpty)
    }

    @Test func aSecurityGroupSeesTheLoadBalancerThatTellsPostfixTheSender() throws {
        let (lb, view) = (try openLB, try view(masks: false, connects: true))
        let health = try rule(80, group: "sg-lb")
        #expect(try judge(view, [rule(25, "192.0.2.0/24"), health], lb: lb) == ["instance-closed-to-load-balancer"])
        #expect(try judge(view, [rule(25, group: "sg-lb"), health], lb: lb).isEmpty)
    }

    @Test func whomPostfixSeesIsTheLoadBalancerWhereThatHidesSenders() throws {
        let sender = try IPAddress("10.0.2.20")
        #expect(SenderExamination.clients(sender, []) == [sender])
        #expect(SenderExamination.clients(sender, [try view()]) == [try IPAddress("10.0.0.25")])
        #expect(SenderExamination.clients(sender, [try view(masks: false)]) == [sender])
        #expect(SenderExamination.clients(sender, [try view(addresses: [])]) == [sender])
    }

    @Test func everyPortThatTheNodeTakesMailOnIsLookedAt() throws {
        let sender = try IPAddress("10.0.2.20")
        let own = [SecurityGroup(id: "sg-own", ingress: [try rule(25, "10.0.2.0/24")])]
        let acl = NetworkACL(
            id: "acl-1",
            entries: [
                NetworkACL.Entry(
                    100,
                    allows: true,
                    isEgress: false,
                    ipProtocol: "6",
                    ports: 587...587,
                    network: try IPNetwork("10.0.0.0/16")
                )
            ]
        )
        func seen(_ ports: [UInt16]) throws -> [String] {
            SenderExamination.judge(sender, atNodeWith: own, acl, ports, try node()).map(\.seen)
        }
        #expect(
            try seen([25]) == ["network ACL acl-1 of this instance's subnet does not let 10.0.2.20 in on port 25"]
        )
        #expect(
            try seen([25, 587]).last
                == "security group sg-own of this instance does not let 10.0.2.20 in on port 587"
        )
    }

    @Test func aSenderByIPv6IsToldWherePostfixSpeaksIPv4Alone() throws {
        let found = SenderExamination.notSpoken(try IPAddress("2001:db8::5"))
        #expect((found.name, found.severity) == ("sender-by-ipv6-only", .critical))
    }

    @Test func aRuleForAGroupMayBeForTheSender() throws {
        let sender = try IPAddress("10.0.2.20")
        func names(_ rules: [SecurityGroup.Rule]) throws -> [String] {
            SenderExamination.judge(sender, at: try view(), [SecurityGroup(id: "sg-lb", ingress: rules)]).map(\.name)
        }
        #expect(try names([rule(25, group: "sg-apps")]).isEmpty)
        #expect(try names([rule(25, "10.0.2.0/24")]).isEmpty)
        #expect(try names([rule(25, "10.0.3.0/24")]) == ["sender-stopped-by-security-group"])
    }
}

struct ReputationExaminationTests {
    /// A name server with these records; it fails for all other names.
    private struct Zone: NameResolving {
        var pointers: [String: String] = [:]
        var addresses: [String: IPAddress] = [:]
        var texts: [String: String] = [:]

        func ask(_ server: IPAddress, _ name: String, _ kind: DNSRecord.Kind) throws(DNSFailure) -> [DNSRecord] {
            switch kind {
            case .ptr: if let pointer = pointers[name] { return pointer.isEmpty ? [] : [.pointer(pointer)] }
            case .txt: if let text = texts[name] { return [.text(text)] }
            case .mx: return []
            case .a, .aaaa:
                guard let address = addresses[name] else { return [] }
                return (kind == .a) == (address.family == .ipv4) ? [.address(address)] : []
            }
            throw .refused(code: 2)
        }
    }

    private func found(
        _ zone: Zone,
        publicAddress: String? = nil,
        translated: [String] = [],
        ipv6: [String] = [],
        greeting: String = "mail.example.com"
    ) async throws -> [String] {
        let server = try IPAddress("10.0.0.2")
        let (outside, six) = (try translated.map { try IPAddress($0) }, try ipv6.map { try IPAddress($0) })
        let examination = ReputationExamination(
            publicAddress: try publicAddress.map { try IPAddress($0) },
            translatedAddresses: { outside },
            preferredIPv6: { six },
            greeting: greeting,
            domain: try DomainName("example.com"),
            deliversDirectly: true,
            names: HostNames(servers: [server], resolver: zone)
        )
        return try await examination.findings().map { "\($0.severity) \($0.name)" }
    }

    @Test func behindANATGatewayItsAddressIsLookedAt() async throws {
        var zone = Zone(pointers: ["25.2.0.192.in-addr.arpa": ""], texts: ["example.com": "v=spf1 -all"])
        zone.addresses["mail.example.com"] = try IPAddress("192.0.2.25")
        #expect(
            try await found(zone, translated: ["192.0.2.25"]) == [
                "warning no-reverse-dns", "warning spf-without-relay",
            ]
        )
        zone.pointers = ["25.2.0.192.in-addr.arpa": "mail.example.com"]
        zone.texts = ["example.com": "v=spf1 ip4:192.0.2.25 -all"]
        #expect(try await found(zone, translated: ["192.0.2.25"]).isEmpty)
        // Each node behind it has a name of its own, and few of those are in DNS.
        #expect(
            try await found(zone, translated: ["192.0.2.25"], greeting: "ip-10-0-1-10.example.com")
                == ["info greeting-does-not-resolve"]
        )
        #expect(
            try await found(zone, publicAddress: "192.0.2.25", greeting: "ip-10-0-1-10.example.com")
                == ["info greeting-is-not-reverse-name", "warning greeting-does-not-resolve"]
        )
    }

    @Test func theGreetingsOwnRecordCountsToo() async throws {
        var zone = Zone(pointers: ["25.2.0.192.in-addr.arpa": "mail.example.com"])
        zone.addresses["mail.example.com"] = try IPAddress("192.0.2.25")
        zone.texts = ["example.com": "v=spf1 a:mail.example.com -all", "mail.example.com": "v=spf1 -all"]
        #expect(try await found(zone, publicAddress: "192.0.2.25") == ["warning spf-without-relay"])
        zone.texts["mail.example.com"] = "v=spf1 a -all"
        #expect(try await found(zone, publicAddress: "192.0.2.25").isEmpty)
    }

    @Test func aQuestionThatFailsStopsNoOther() async throws {
        // The reverse zone fails; the domain's record is told all the same.
        var zone = Zone(texts: ["example.com": "v=spf1 -all"])
        zone.addresses["mail.example.com"] = try IPAddress("192.0.2.25")
        #expect(
            try await found(zone, publicAddress: "192.0.2.25")
                == ["warning examination-failed", "warning spf-without-relay"]
        )
    }

    @Test func anIPv6AddressThatMailMayLeaveByNeedsAName() async throws {
        let reverse = "5.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"
        var zone = Zone(pointers: [reverse: ""], texts: ["example.com": "v=spf1 ip6:2001:db8::/32 -all"])
        zone.addresses["mail.example.com"] = try IPAddress("2001:db8::25")
        #expect(try await found(zone, ipv6: ["2001:db8::25"]) == ["warning ipv6-without-name"])
        zone.pointers = [reverse: "mail.example.com"]
        #expect(try await found(zone, ipv6: ["2001:db8::25"]).isEmpty)
        zone.texts = ["example.com": "v=spf1 ip4:192.0.2.25 -all"]
        #expect(try await found(zone, ipv6: ["2001:db8::25"]) == ["warning spf-without-relay"])
    }

    @Test func anAddressShouldHaveANameThatLeadsBack() throws {
        let address = try IPAddress("192.0.2.25")
        func names(_ pointers: [String], _ forward: [IPAddress]) -> [String] {
            ReputationExamination.judge(address, pointers, forward, greeting: "mail.example.com").map(\.name)
        }
        #expect(names(["mail.example.com"], [address]).isEmpty)
        #expect(names([], []) == ["no-reverse-dns"])
        #expect(names(["mail.example.com"], []) == ["reverse-dns-mismatch"])
        #expect(names(["other.example.com"], [address]) == ["greeting-is-not-reverse-name"])
        let generic = "ec2-192-0-2-25.compute.amazonaws.com"
        #expect(names([generic, "mail.example.com"], [address]) == ["generic-reverse-name"])
    }
}

struct SmarthostExaminationTests {
    @Test func theTablesSayHowItIsSpokenTo() async throws {
        try await withTemporaryRoot { files in
            try files.createDirectory("/etc/postfix")
            func access(_ relayhost: String, authorities: String = "/ca.pem") -> SmarthostAccess {
                SmarthostAccess(relayhost, authorities: authorities, files: files)
            }
            #expect(access("[a.example]:587").authorities == nil)
            let policies = "# Written by x\n[a.example]:587 secure\n[b.example]:587 secure\n"
            try files.put(Array(policies.utf8), at: "/etc/postfix/tls_policy_table")
            try files.put(Array("[a.example]:587 relay:a:b c\n".utf8), at: "/etc/postfix/sasl_password_table")
            #expect(access("[a.example]:587").authorities == "/ca.pem")
            let login = SmarthostAccess.Login(user: try UserName("relay"), password: Secret("a:b c"))
            #expect(access("[a.example]:587").login == login)
            #expect(access("[b.example]:587").authorities == "/ca.pem")
            #expect(access("[b.example]:587").login == nil)
            // Another host is told nothing, and no password goes to one that need not prove its name.
            #expect(access("[c.example]:587").authorities == nil)
            #expect(access("[a.example]:587", authorities: "").login == nil)
        }
    }

    @Test func bouncesHaveNoWayThroughAmazonSES() throws {
        func names(_ host: String?, _ change: (inout NodeSettings.Mail) throws -> Void = { _ in }) throws -> [String] {
            var mail = NodeSettings.Mail(domain: try DomainName("example.com"))
            mail.upstream = try host.map { Upstream(host: try DomainName($0)) }
            try change(&mail)
            return BouncesExamination(mail: mail).findings().map(\.name)
        }
        let ses = "email-smtp.eu-central-1.amazonaws.com"
        #expect(try names(ses) == ["bounces-through-ses"])
        #expect(try names("email-smtp-fips.us-gov-west-1.amazonaws.com") == ["bounces-through-ses"])
        #expect(try names(nil).isEmpty)
        #expect(try names("email-smtp.example.com").isEmpty)
        #expect(try names(ses) { $0.transports = [try Transport("example.com=[mailbox.example.com]:25")] }.isEmpty)
        #expect(try names(ses) { $0.transports = [try Transport("other.com=[mailbox.example.com]:25")] }.count == 1)
        #expect(try names(ses) { $0.destinations = [try DomainName("example.com")] }.isEmpty)
    }

    @Test(arguments: [
        ("[smtp.example.com]:587", "smtp.example.com", 587), ("[smtp.example.com]", "smtp.example.com", 25),
        ("[192.0.2.1]:submission", "192.0.2.1", 587), ("[IPv6:2001:db8::1]:465", "2001:db8::1", UInt16(465)),
    ])
    func aHostInBracketsIsRead(text: String, host: String, port: UInt16) throws {
        let next = try #require(SmarthostExamination.parse(text))
        #expect((next.host, next.port) == (host, port))
    }

    @Test(arguments: ["", "example.com", "example.com:25", "[]", "[a]25", "[a]:x", "[a"])
    func anythingElseIsNotTried(text: String) {
        #expect(SmarthostExamination.parse(text) == nil)
    }
}
