import RelayNode
import RelayTestSupport
import Testing
import Vocabulary

struct NetworkListTests {
    private func node(_ networks: [String], table: NetworkTable = .auto, allowed: [String] = []) throws -> RelayNode {
        let settings = try exampleSettings {
            $0.mail.networks = try networks.map { try AllowedNetwork($0) }
            $0.mail.networkTable = table
            $0.mail.allowPrivateNetworks = try allowed.map { try IPNetwork($0) }
        }
        return try RelayNode(settings: settings, facts: exampleFacts(ipv6: ["2001:db8:1::10"]))
    }

    private func mynetworks(_ node: RelayNode) -> String? {
        node.postfix.parameters.first { $0.name == "mynetworks" }?.value
    }

    @Test func fewNetworksStandInMainCf() throws {
        let node = try node(["10.0.0.0/16", "2001:db8:1::/56"])
        #expect(mynetworks(node) == "127.0.0.0/8 [::1]/128 10.0.0.0/16 [2001:db8:1::]/56")
        #expect(node.postfix.tables.isEmpty)
    }

    @Test func manyNetworksStandInATable() throws {
        let many = (0..<7).map { "10.\($0).0.0/16" }
        #expect(try node(Array(many.dropLast())).postfix.tables.isEmpty)
        let node = try node(many)
        #expect(mynetworks(node) == "cidr:/etc/postfix/network_table")
        let table = try #require(node.postfix.tables.first)
        let rows = table.text.split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(rows == (["127.0.0.0/8", "::1/128"] + many).map { "\($0) permit" })
        #expect(PostfixTable.isOwn(table.text))
        #expect(!table.name.isSecret)
        #expect(try self.node(many, table: .never).postfix.tables.isEmpty)
    }

    @Test func oneNetworkStandsInATableWhereThatIsAskedFor() throws {
        let node = try node(["2001:db8:1::/56"], table: .always)
        #expect(mynetworks(node) == "cidr:/etc/postfix/network_table")
        #expect(node.postfix.tables.map(\.text).joined().hasSuffix("\n::1/128 permit\n2001:db8:1::/56 permit\n"))
    }

    @Test(arguments: [
        ["10.0.0.0/8"], ["172.16.0.0/12"], ["192.168.0.0/16"], ["100.64.0.0/10"], ["fc00::/7"], ["fd00::/8"],
        ["10.0.0.0/9", "10.128.0.0/9"], ["10.0.0.0/9", "10.128.0.0/10", "10.192.0.0/10"],
    ])
    func aWholePrivateRangeIsRefusedAlsoInParts(networks: [String]) throws {
        #expect {
            try node(networks)
        } throws: { error in
            let text = "\(error)"
            return text.contains("is refused as a whole") && text.contains("mail.allow_private_networks")
                && (networks.count > 1 || text.contains(networks[0]))
        }
    }

    @Test func aWholePrivateRangeThatIsListedIsAllowed() throws {
        #expect(mynetworks(try node(["10.0.0.0/8"], allowed: ["10.0.0.0/8"]))?.hasSuffix(" 10.0.0.0/8") == true)
        #expect(try node(["10.0.0.0/9", "10.128.0.0/9"], allowed: ["10.0.0.0/8"]).postfix.tables.isEmpty)
        #expect(throws: RefusedNetworks.self) { try node(["172.16.0.0/12"], allowed: ["10.0.0.0/8"]) }
        #expect(try node(["10.0.0.0/9", "fd12::/16", "192.168.0.0/17"]).postfix.tables.isEmpty)
    }

    @Test(arguments: ["198.19.0.0/16", "2600:1f00:40::/44", "2600:1f00:40::/60"])
    func aRangeOfTheVPCsOwnIsAllowed(range: String) throws {
        var facts = try exampleFacts(ipv6: ["2001:db8:1::10"])
        facts.vpcNetworks.append(try IPNetwork(range))
        let node = try RelayNode(settings: try exampleSettings(), facts: facts)
        #expect(node.allowed.networks.contains(try IPNetwork(range)))
        #expect(node.allowed.leftOut.isEmpty)
    }

    @Test(arguments: ["11.0.0.0/16", "2600::/40", "198.18.0.0/15"])
    func aRangeThatWasAddedToTheVPCStopsNoRelay(range: String) throws {
        var facts = try exampleFacts(ipv6: ["2001:db8:1::10"])
        let before = try RelayNode(settings: try exampleSettings(), facts: facts).allowed.networks
        facts.vpcNetworks.append(try IPNetwork(range))
        let node = try RelayNode(settings: try exampleSettings(), facts: facts)
        #expect(node.allowed.networks == before)
        #expect(node.allowed.leftOut.map(\.network) == [try IPNetwork(range)])
        // A range that the operator names is refused all the same, and so is a VPC without any other range.
        #expect(throws: RefusedNetworks.self) { try self.node([range]) }
        facts.vpcNetworks = [try IPNetwork(range)]
        #expect(throws: RefusedNetworks.self) { try RelayNode(settings: try exampleSettings(), facts: facts) }
    }

    @Test func everyoneIsRefusedAlsoInHalves() throws {
        let halves = ["0.0.0.0/1", "128.0.0.0/1"]
        let settings = try exampleSettings {
            $0.mail.networks = try halves.map { try AllowedNetwork($0) }
            $0.mail.allowPublicNetworks = try halves.map { try IPNetwork($0) }
            $0.mail.allowPrivateNetworks = [try IPNetwork("0.0.0.0/0")]
        }
        #expect {
            try RelayNode(settings: settings, facts: exampleFacts())
        } throws: { "\($0)".contains("open relay for the whole internet") }
    }

    /// cloud-init/stack.yaml lists these whole private ranges, and each public range that its parameters name.
    @Test(arguments: [
        ["10.0.0.0/8"], ["172.16.0.0/12"], ["192.168.0.0/16"], ["100.64.0.0/10"], ["10.0.0.0/9", "10.128.0.0/9"],
        ["172.16.0.0/13", "172.24.0.0/13"], ["11.0.0.0/8"], ["192.0.0.0/8"], ["100.0.0.0/8"], ["172.0.0.0/8"],
        ["198.51.100.0/22", "198.51.100.7/32"],
        ["0.0.0.0/8", "1.0.0.0/8", "2.0.0.0/8", "3.0.0.0/8"],
    ])
    func aRangeThatTheStackTakesIsTakenByItsNodes(ranges: [String]) throws {
        let settings = try exampleSettings {
            $0.mail.networks = try (["vpc"] + ranges).map { try AllowedNetwork($0) }
            $0.mail.allowPrivateNetworks = try ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"]
                .map { try IPNetwork($0) }
            $0.mail.allowPublicNetworks = try ranges.map { try IPNetwork($0) }
        }
        for vpc in ["10.25.0.0/16", "192.168.0.0/16", ranges[0]] {
            var facts = try exampleFacts()
            facts.vpcNetworks = [try IPNetwork(vpc)]
            let allowed = try RelayNode(settings: settings, facts: facts).allowed
            #expect(allowed.leftOut.isEmpty)
            #expect(try ranges.allSatisfy { allowed.networks.contains(try IPNetwork($0)) })
        }
    }
}
