import RelayNode
import RelayTestSupport
import Testing
import Vocabulary

@testable import Settings

/// `[postfix]`: parameters of the operator's own, of which none may be the agent's.
struct PostfixSectionTests {
    private func sources(_ section: String, mail: String = "", flags: [String] = []) -> SettingsSources {
        let text = "[mail]\ndomain = \"example.com\"\n\(mail)\n[postfix]\n\(section)\n"
        return SettingsSources(file: SettingsFile(path: "/c.toml", text: text), environment: [:], flags: flags)
    }

    private func parameters(_ sources: SettingsSources) throws -> [OperatorParameter] {
        try sources.relay(tags: [:]).settings.mail.parameters
    }

    private func problems(_ section: String, mail: String = "") -> [String] {
        sources(section, mail: mail).read(tags: [:]).problems.map(\.description)
    }

    @Test(arguments: [
        ("\"a b\"", "a b"), ("5", "5"), ("true", "yes"), ("false", "no"), ("[\"a\", 5, true]", "a, 5, yes"), ("[]", ""),
        ("\"\"", ""),
    ])
    func aValueStandsAsMainCfHasIt(toml: String, value: String) throws {
        let parameters = try parameters(sources("smtpd_banner = \(toml)"))
        #expect(parameters.map(\.value) == [value])
        #expect(parameters.map(\.name) == ["smtpd_banner"])
        #expect(parameters.map(\.place) == ["/c.toml:5:1"])
    }

    @Test(arguments: ["1.5", "1979-05-27", "{ a = 1 }", "[[1]]", "[\"\"]", "[\" a\"]"])
    func anotherValueIsRefusedWithItsPlace(toml: String) {
        let problems = problems("smtpd_banner = \(toml)")
        #expect(problems.count == 1)
        #expect(problems.first?.hasPrefix("/c.toml:5:1: postfix.smtpd_banner: ") == true, "\(problems)")
    }

    /// A line break would begin a parameter of its own.
    @Test(arguments: ["\"a\\nmynetworks = 0.0.0.0/0\"", "\"a\\rb\"", "\"\\u0000\"", "\" a\"", "\"a \""])
    func aValueIsOneLine(toml: String) {
        let problems = problems("smtpd_banner = \(toml)")
        #expect(problems.count == 1)
        #expect(problems.first?.contains("is not a value for one line of main.cf") == true, "\(problems)")
    }

    @Test(arguments: ["\"a b\" = 1", "\"a=b\" = 1", "\"ä\" = 1", "\"\" = 1"])
    func aNameIsAParametersName(line: String) {
        #expect(problems(line).count == 1)
    }

    @Test func aParameterOfTheAgentsIsRefusedByNameWithItsCure() throws {
        for name in PostfixConfiguration.refusedNames {
            let problems = problems("\(name) = \"x\"")
            #expect(problems.count == 1, "\(name)")
            let problem = problems.first ?? ""
            #expect(problem.hasPrefix("/c.toml:5:1: postfix.\(name): it "), "\(problem)")
            #expect(problem.contains("remove it") || problem.contains("instead"), "\(problem)")
        }
        #expect(problems("mynetworks = \"0.0.0.0/0\"").first?.contains("set mail.networks instead") == true)
        #expect(problems("smtpd_relay_restrictions = \"permit\"").first?.contains("never be open") == true)
        #expect(problems("inet_interfaces = \"loopback-only\"").first?.contains("never be deaf") == true)
        #expect(problems("master_service_disable = \"inet\"").first?.contains("nothing is lost") == true)
    }

    @Test func eachSettingThatIsNamedInstead() {
        for setting in PostfixConfiguration.settings.values {
            #expect(SettingKey.named(setting) != nil, "\(setting)")
        }
        // Whatever setting has a parameter's name decides it.
        for key in SettingKey.mail where !key.name.dropFirst(5).contains(".") {
            let name = String(key.name.dropFirst(5))
            guard name.contains("_limit") || name.contains("lifetime") || name.contains("delay") else { continue }
            #expect(PostfixConfiguration.settings[name] == key.name)
        }
    }

    @Test(arguments: [
        ("relayhost", "upstream.host = \"smtp.example.net\"", "mail.upstream.host"),
        ("smtp_tls_policy_maps", "upstream.host = \"smtp.example.net\"", "mail.upstream.host"),
        ("smtp_header_checks", "hide_internal_headers = true", "mail.hide_internal_headers"),
        ("mailbox_size_limit", "message_size_limit = 99000000", "mail.message_size_limit"),
        ("transport_maps", "transport = [{ domain = \"a.b\", nexthop = \"[c.d]\" }]", "mail.transport"),
        ("smtpd_client_event_limit_exceptions", "limits.connections = 5", "[mail.limits]"),
        ("smtpd_tls_cert_file", "tls = { certificate = \"/c\", key = \"/k\" }", "mail.tls.certificate"),
        ("smtp_tls_CAfile", "tls.outbound_level = \"verify\"", "mail.tls.outbound_level"),
    ])
    func aParameterOfASettingIsRefusedBesideIt(name: String, mail: String, setting: String) throws {
        #expect(try parameters(sources("\(name) = \"x\"")).map(\.name) == [name])
        let problems = problems("\(name) = \"x\"", mail: mail)
        let expected = "/c.toml:5:1: postfix.\(name): \(setting) sets it already; remove one of the two"
        #expect(problems == [expected])
    }

    @Test func sourcesHaveTheirParametersTogetherAndTheStrongestCounts() throws {
        let place = try FleetPlace("ssm:/relay")
        let fleet = FleetDocument(place: place, version: "3", text: "postfix = { soft_bounce = true, biff = true }")
        let sources = sources("biff = false\nmax_use = 9", flags: ["postfix=max_use=8,x= y"]).with(fleet: fleet)
        let found = try parameters(sources)
        #expect(found.map { "\($0.name)=\($0.value)" } == ["max_use=8", "x=y", "biff=no", "soft_bounce=yes"])
        let places = ["flag --set postfix", "flag --set postfix", "/c.toml:5:1", "ssm:/relay:1:13"]
        #expect(found.map(\.place) == places)
        let table = try sources.relay(tags: [:]).table
        #expect(table.contains("postfix.biff = \"no\""))
        #expect(table.contains("postfix.soft_bounce = \"yes\""))
        #expect(!table.contains("postfix = "))
    }

    @Test func aFlagWithoutAValueIsRefused() {
        let sources = sources("", flags: ["postfix=smtpd_banner"])
        #expect(sources.read(tags: [:]).problems.count == 1)
    }

    @Test func itIsATable() {
        let file = SettingsFile(path: "/c.toml", text: "postfix = 5\nmail.domain = \"a.b\"")
        let problems = SettingsSources(file: file, environment: [:], flags: []).read(tags: [:]).problems
        let expected = """
            /c.toml:1:1: postfix: '5' is not a table of texts, whole numbers, true or false, and lists of these
            """
        #expect(problems.map(\.description) == [expected])
    }
}
