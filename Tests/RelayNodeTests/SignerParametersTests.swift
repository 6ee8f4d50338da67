import RelayNode
import RelayTestSupport
import Testing
import Vocabulary

/// The parameters by which Postfix has mail signed.
struct SignerParametersTests {
    private static let own = "{ inet:127.0.0.1:8895, default_action=tempfail, protocol=6 }"

    private func node(_ system: String = "9", required: Bool = true, signs: Bool = true) throws -> RelayNode {
        let settings = try exampleSettings {
            if signs { $0.mail.dkim = [try DKIMKey("example.com=relay2026:/k.pem")] }
            $0.mail.isDKIMRequired = required
        }
        var facts = try exampleFacts()
        let (id, version) = system == "7" ? ("centos", "7") : ("almalinux", "9.4")
        facts.operatingSystem = OperatingSystem(id: id, idLike: [], versionID: version, prettyName: "\(id) \(version)")
        return try RelayNode(settings: settings, facts: facts)
    }

    private func values(_ node: RelayNode, from text: String = "") -> [String: String] {
        MainCf(node.postfix.mainCf(from: text)).values
    }

    @Test func bothWaysInAreSigned() throws {
        let values = values(try node())
        #expect(values["smtpd_milters"] == Self.own && values["non_smtpd_milters"] == Self.own)
        #expect(values["milter_default_action"] == nil)
    }

    @Test func mailGoesOutUnsignedWhereThatIsWanted() throws {
        let accepting = Self.own.replacing("tempfail", with: "accept")
        #expect(values(try node(required: false))["smtpd_milters"] == accepting)
    }

    @Test func anOperatorsMiltersStayAndComeBack() throws {
        let text = "smtpd_milters = inet:127.0.0.1:9999\nmilter_default_action = accept\n"
        let once = try node().postfix.mainCf(from: text)
        #expect(MainCf(once)["smtpd_milters"] == "inet:127.0.0.1:9999, \(Self.own)")
        #expect(MainCf(once)["milter_default_action"] == "accept")
        #expect(try node().postfix.mainCf(from: once) == once)
        let without = try node(signs: false).postfix.mainCf(from: once)
        #expect(MainCf(without)["smtpd_milters"] == "inet:127.0.0.1:9999" && !without.contains("8895"))
    }

    @Test func anOlderPostfixHasOneActionForAll() throws {
        let endpoint = "inet:127.0.0.1:8895"
        let alone = values(try node("7"))
        #expect(alone["smtpd_milters"] == endpoint && alone["milter_default_action"] == "tempfail")
        #expect(values(try node("7", required: false))["milter_default_action"] == "accept")
        let text = "smtpd_milters = inet:127.0.0.1:9999\nmilter_default_action = accept\n"
        #expect(values(try node("7"), from: text)["milter_default_action"] == "tempfail")
        let stricter = text.replacing("accept", with: "reject")
        #expect(values(try node("7", required: false), from: stricter)["milter_default_action"] == "reject")
    }

    @Test func theHealthCheckNeedsTheSignerOnlyWhereMailWaitsForIt() throws {
        #expect(try node().selfTest.signerPort == 8895)
        #expect(try node(required: false).selfTest.signerPort == nil)
        #expect(try node(signs: false).selfTest.signerPort == nil)
        #expect(values(try node(signs: false))["smtpd_milters"] == nil)
    }
}
