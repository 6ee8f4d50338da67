import RelayNode
import RelayTestSupport
import Testing
import Vocabulary

/// The parameters of `[postfix]` in main.cf.
struct PostfixSectionFileTests {
    private func postfix(_ pairs: [(String, String)], leaving: LeavingRoutes? = nil, ipv6: Bool = false) throws
        -> PostfixConfiguration
    {
        let settings = try exampleSettings {
            $0.mail.parameters = try pairs.map { try OperatorParameter($0.0, $0.1, place: "/c.toml:1:1") }
        }
        var facts = try exampleFacts()
        if ipv6 { facts.ipv6Addresses = [try IPAddress("2001:db8::1")] }
        return try RelayNode(settings: settings, facts: facts, leaving: leaving).postfix
    }

    private static let stock = "soft_bounce = no\nmax_use = 7\n  # own\nbiff = yes\n"

    @Test func theyComeLastAndGoWithoutATrace() throws {
        let plain = try postfix([]).mainCf(from: Self.stock)
        let with = try postfix([("max_use", "9"), ("x", "")]).mainCf(from: plain)
        #expect(MainCf(with)["max_use"] == "9")
        #expect(MainCf(with)["soft_bounce"] == "no")
        #expect(MainCf(with).parameters(in: .section) == ["max_use": "9", "x": ""])
        #expect(with.contains("# [postfix] of smtp-relay-agent's settings sets this aside: max_use = 7\n"))
        #expect(try postfix([("max_use", "9"), ("x", "")]).mainCf(from: with) == with)
        #expect(try postfix([]).mainCf(from: with) == plain)
        #expect(MainCf(try postfix([]).mainCf(from: with))["max_use"] == "7")
        #expect(MainCf(plain).parameters(in: .section).isEmpty)
    }

    @Test(arguments: ["smtpd_banner", "disable_vrfy_command", "biff"])
    func whatPromisesNothingGivesWay(name: String) throws {
        let plain = try postfix([]).mainCf(from: Self.stock)
        let node = try postfix([(name, "mine")])
        let with = node.mainCf(from: plain)
        #expect(MainCf(with)[name] == "mine")
        #expect(node.effective[name] == nil)
        #expect(node.mainCf(from: with) == with)
        #expect(try postfix([]).mainCf(from: with) == plain)
    }

    @Test func aPresetGivesWay() throws {
        #expect(MainCf(try postfix([], ipv6: true).mainCf(from: ""))["smtp_address_preference"] == "ipv4")
        let node = try postfix([("smtp_address_preference", "any")], ipv6: true)
        let text = node.mainCf(from: "")
        #expect(MainCf(text)["smtp_address_preference"] == "any")
        #expect(text.components(of: "smtp_address_preference").count == 1)
    }

    /// A leaving node answers 421 by that table.
    @Test func theListOfProxiedTablesIsTheOperatorsWithOneMore() throws {
        let text = try postfix([("proxy_read_maps", "$virtual_alias_maps")]).mainCf(from: "")
        #expect(MainCf(text)["proxy_read_maps"] == "$virtual_alias_maps $smtpd_recipient_restrictions")
        #expect(text.components(of: "proxy_read_maps").count == 1)
    }

    @Test func aLeavingNodeHandsItsMailOverAllTheSame() throws {
        let routes = LeavingRoutes(handOver: "[lb]:25")
        let mine = [("transport_maps", "hash:/x"), ("relayhost", "[mine]"), ("slow_destination_rate_delay", "5s")]
        let staying = try postfix(mine).mainCf(from: Self.stock)
        let leaving = try postfix(mine, leaving: routes).mainCf(from: staying)
        #expect(MainCf(leaving)["transport_maps"] == "")
        #expect(MainCf(leaving)["relayhost"] == "")
        #expect(MainCf(leaving)["default_transport"] == "evacuation:[lb]:25")
        #expect(try postfix(mine).mainCf(from: leaving) == staying)
        #expect(MainCf(staying)["relayhost"] == "[mine]")
        #expect(MainCf(leaving).leaving(nil).text == staying)
        // Where nobody takes its mail, nothing slows the mail down on its usual ways.
        let alone = try postfix(mine, leaving: LeavingRoutes(closed: ["smtp.inet"])).mainCf(from: staying)
        #expect(MainCf(alone)["slow_destination_rate_delay"] == "0s")
        #expect(MainCf(alone)["relayhost"] == "[mine]")
    }

    @Test func uninstallTakesThemOut() throws {
        let written = try postfix([("max_use", "9"), ("biff", "no"), ("x", "y")]).mainCf(from: Self.stock)
        let restored = Restoration(mainCf: written, original: Self.stock, written: written, isRelay: true)
        #expect(restored.text == Self.stock)
        #expect(!restored.isUnclear)
    }
}

extension String {
    /// The lines that set a parameter.
    fileprivate func components(of name: String) -> [Substring] {
        split(separator: "\n").filter { $0.hasPrefix("\(name) =") }
    }
}
