import RelayNode
import RelayTestSupport
import Testing
import Vocabulary

/// The transports of `[[mail.destination]]`.
struct DestinationPartsTests {
    private static let opening = """
        destination-a_example unix - - n - - smtp
          -o syslog_name=postfix/destination-a_example

        """

    private func node(
        _ destinations: String...,
        system: String = "2023",
        leaving: LeavingRoutes? = nil,
        _ change: (inout NodeSettings) throws -> Void = { _ in }
    ) throws -> RelayNode {
        let settings = try exampleSettings {
            $0.mail.paced = try destinations.map { try Destination($0) }
            try change(&$0)
        }
        var facts = try exampleFacts()
        facts.operatingSystem = OperatingSystem(id: "amzn", idLike: [], versionID: system, prettyName: system)
        return try RelayNode(settings: settings, facts: facts, leaving: leaving)
    }

    private func values(_ node: RelayNode, from text: String = "") -> [String: String] {
        MainCf(node.postfix.mainCf(from: text)).values
    }

    private func route(_ domain: String, _ node: RelayNode) -> String? {
        let table = node.postfix.allTables.first { $0.name == .transports }
        return table.flatMap { PostfixTable.value(of: domain, in: $0.text, of: .transports) }
    }

    @Test func aPaceIsAParameterOfTheDomainsOwnTransport() throws {
        let node = try node("a.example=concurrency:5", "b-c.example=rate:30/m")
        let values = values(node)
        #expect(values["destination-a_example_destination_concurrency_limit"] == "5")
        #expect(values["destination-a_example_destination_recipient_limit"] == "50")
        #expect(values["destination-a_example_destination_rate_delay"] == nil)
        #expect(values["destination-b-c_example_destination_rate_delay"] == "2s")
        #expect(values["transport_maps"] == "texthash:/etc/postfix/transport_table")
        // Without a nexthop, it is the recipient's domain.
        #expect(route("a.example", node) == "destination-a_example:")
        #expect(values["relay_domains"]?.contains("a.example") == false)
        #expect(node.postfix.masterCf(from: "").contains(Self.opening))
    }

    @Test func aLevelIsAnOptionOfTheTransport() throws {
        let plain = try node("a.example=tls:encrypt")
        let lines = Self.opening + "  -o smtp_tls_security_level=encrypt\n  -o smtp_tls_policy_maps=\n"
        #expect(plain.postfix.masterCf(from: "").hasSuffix(lines))
        #expect(values(plain)["smtp_tls_CAfile"] == nil)
        #expect(values(try node("a.example=tls:verify"))["smtp_tls_CAfile"] != nil)
        let signed = try node("a.example=tls:dane")
        #expect(signed.postfix.masterCf(from: "").hasSuffix("  -o smtp_dns_support_level=dnssec\n"))
        #expect(signed.postfix.destinations.secured.map(\.description) == ["a.example"])
        #expect(values(signed)["smtp_dns_support_level"] == nil)
    }

    @Test func theMailGoesWhereItWent() throws {
        let transport = try node("b.example=concurrency:5") {
            $0.mail.transports = try ["b.example=[mx.internal]:25", "c.example=[mx.internal]"].map { try Transport($0) }
        }
        #expect(route("b.example", transport) == "destination-b_example:[mx.internal]:25")
        #expect(route("c.example", transport) == "smtp:[mx.internal]")
        #expect(values(transport)["relay_domains"] == "b.example, c.example")
        let smarthost = try node("a.example=rate:1/s") {
            $0.mail.upstream = Upstream(host: try DomainName("smtp.example.net"))
        }
        #expect(route("a.example", smarthost) == "destination-a_example:[smtp.example.net]:587")
        #expect(!smarthost.postfix.masterCf(from: "").contains("smtp_tls_wrappermode"))
        #expect(smarthost.postfix.destinations.direct.isEmpty)
        let implicit = try node("a.example=rate:1/s") {
            $0.mail.upstream = Upstream(host: try DomainName("smtp.example.net"), port: 465)
        }
        #expect(implicit.postfix.masterCf(from: "").contains(Self.opening + "  -o smtp_tls_wrappermode=yes\n"))
    }

    @Test func whatIsTakenOutIsGone() throws {
        let before = try node().postfix
        let with = try node("a.example=rate:1/s;tls:may", "b.example=concurrency:2").postfix
        let (main, master) = (before.mainCf(from: "relayhost =\n"), before.masterCf(from: "smtp unix - - n - - smtp\n"))
        let (moreMain, moreMaster) = (with.mainCf(from: main), with.masterCf(from: master))
        #expect(with.mainCf(from: moreMain) == moreMain && with.masterCf(from: moreMaster) == moreMaster)
        #expect(before.mainCf(from: moreMain) == main && before.masterCf(from: moreMaster) == master)
        let one = try node("b.example=concurrency:2").postfix.masterCf(from: moreMaster)
        #expect(!one.contains("a_example") && one.contains("b_example"))
        // An entry of somebody else's stays.
        let others = master + "destination-x unix - - n - - smtp\n  -o smtp_bind_address=10.0.0.9\n"
        #expect(before.masterCf(from: others) == others)
    }

    @Test func uninstallTakesThemOut() throws {
        let original = "smtp      unix  -       -       n       -       -       smtp\n"
        let written = try node("a.example=rate:1/s;tls:dane").postfix.masterCf(from: original)
        let restored = Restoration(masterCf: written, original: original, written: written)
        #expect(restored == Restoration(text: original))
        let edited = written.replacing("smtp_tls_security_level=dane", with: "smtp_bind_address=10.0.0.9")
        #expect(Restoration(masterCf: edited, original: original, written: written).isUnclear)
    }

    /// A socket's path has at most 107 bytes.
    @Test func eachDomainHasAServiceOfAShortName() throws {
        let label = String(repeating: "a", count: 63)
        let long = (0..<3).map { "\(label).\(label).x\($0).example" }
        let node = try node(
            "\(long[0])=concurrency:1",
            "\(long[1])=concurrency:1",
            "\(long[2])=concurrency:1",
            "a-b.c=tls:may",
            "a.b.c=tls:may"
        )
        let services = MasterCf(node.postfix.masterCf(from: "")).entries.map(\.service)
            .filter { $0.hasPrefix("destination-") }
        #expect(Set(services).count == 5 && services.allSatisfy { $0.utf8.count < 80 })
        #expect(try self.node("\(long[0])=concurrency:1").postfix.masterCf(from: "").contains(services[0]))
    }

    /// A leaving node hands over by none of these, and its usual ways have no pace.
    @Test func aLeavingNodeKeepsNoPace() throws {
        let node = try node("a.example=rate:1/m")
        let rate = "destination-a_example_destination_rate_delay"
        let main = MainCf(node.postfix.mainCf(from: ""))
        #expect(main[rate] == "60s")
        let usual = main.leaving(LeavingRoutes(closed: ["smtp.inet"]))
        #expect(usual[rate] == "0s" && usual["transport_maps"] == "texthash:/etc/postfix/transport_table")
        #expect(main.leaving(LeavingRoutes(handOver: "[other]:25"))["transport_maps"] == "")
        #expect(usual.leaving(nil) == main)
        // A pass on a node that has left means just this file.
        let left = try self.node("a.example=rate:1/m", leaving: LeavingRoutes(closed: ["smtp.inet"])) {
            $0.mail.delivery.destinationRateDelay = try PostfixTime("1s")
        }
        let effective = left.postfix.effective
        #expect(effective[rate] == "0s" && effective["default_destination_rate_delay"] == "0s")
        let written = values(left)
        #expect(effective.allSatisfy { written[$0.key] == $0.value })
    }

    /// postconf(1) before 2.9 does not print them.
    @Test func anOldPostfixIsNotAskedForParametersOfTransports() throws {
        let old = try node("a.example=rate:1/m", system: "2018.03")
        #expect(!old.postfix.effective.keys.contains { $0.hasPrefix("destination-") })
        #expect(values(old).keys.contains { $0.hasPrefix("destination-") })
        #expect(route("a.example", old) == "destination-a_example:")
        #expect(values(old)["transport_maps"] == "regexp:/etc/postfix/transport_table")
    }

    @Test(arguments: [
        ("transport_maps", "mail.destination"), ("destination-a_example_destination_rate_delay", "mail.destination"),
        ("smtp_tls_CAfile", "mail.destination"),
    ])
    func thePostfixSectionHasNoneOfItsParameters(name: String, setting: String) throws {
        let mail = try exampleSettings { $0.mail.paced = [try Destination("a.example=rate:1/m;tls:verify")] }.mail
        #expect(PostfixConfiguration.refusal(of: name, beside: mail)?.hasPrefix("\(setting) sets it already") == true)
        #expect(PostfixConfiguration.refusal(of: name, beside: try exampleSettings().mail) == nil)
    }
}
