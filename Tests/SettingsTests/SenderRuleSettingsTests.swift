import RelayTestSupport
import Testing
import Vocabulary

@testable import Settings

/// `mail.senders`, `[[mail.client]]` and `[mail.rewrite]`.
struct SenderRuleSettingsTests {
    private func sources(_ mail: String, places: String = "") -> SettingsSources {
        let text = "[mail]\ndomain = \"example.com\"\n\(mail)\n[load_balancer]\n\(places)\n"
        return SettingsSources(file: SettingsFile(path: "/c.toml", text: text), environment: [:], flags: [])
    }

    private func problems(_ mail: String, places: String = "") -> [String] {
        sources(mail, places: places).read(tags: [:]).problems.map(\.description)
    }

    private static let client = """
        [[mail.client]]
        network = "10.0.1.0/24"
        senders = ["Shop.example.com", ".example.com"]
        [[mail.client]]
        network = "10.0.2.0/24"
        senders = "a@example.org"
        """

    private static func mapping(_ from: String, _ to: String) -> String {
        "[[mail.rewrite.map]]\nfrom = \"\(from)\"\nto = \"\(to)\"\n"
    }

    @Test func allOfThemAreRead() throws {
        let text = """
            senders = ["example.com", ".Example.com", "Billing@example.org"]
            senders_mode = "warn"
            \(Self.client)
            [mail.rewrite]
            masquerade = ["example.com"]
            \(Self.mapping(".ec2.internal", "Ops@example.com"))
            """
        let rules = try sources(text).relay(tags: [:]).settings.mail.senders
        #expect(rules.senders.map(\.description) == ["example.com", ".example.com", "billing@example.org"])
        #expect(rules.mode == .warn && rules.isSet && !rules.refuses)
        #expect(
            rules.clients.map(\.description) == [
                "10.0.1.0/24=shop.example.com:.example.com", "10.0.2.0/24=a@example.org",
            ]
        )
        #expect(rules.rewriting.masquerade.map(\.description) == ["example.com"])
        #expect(rules.rewriting.map.map(\.description) == [".ec2.internal=ops@example.com"])
    }

    @Test func withoutThemAnybodyMaySend() throws {
        let mail = try sources("").relay(tags: [:]).settings.mail
        #expect(!mail.senders.isSet && !mail.usesSigner && !mail.needsSigner && !mail.senders.rewriting.isSet)
        let checked = try sources("senders = [\"example.com\"]\ndkim_required = false").relay(tags: [:]).settings.mail
        #expect(checked.usesSigner && checked.needsSigner)
        let warned = try sources("senders = [\"example.com\"]\nsenders_mode = \"warn\"").relay(tags: [:]).settings.mail
        #expect(warned.usesSigner && !warned.needsSigner)
    }

    @Test(arguments: [
        "senders = [\"*\"]", "senders = [\"\"]", "senders = [\".\"]", "senders = [\"@example.com\"]",
        "senders = [\"a b@example.com\"]", "senders = [\"a@b@example.com\"]", "senders = [\"..example.com\"]",
        "senders_mode = \"off\"", "[[mail.client]]\nnetwork = \"10.0.1.1/24\"\nsenders = [\"example.com\"]",
        "[[mail.client]]\nnetwork = \"10.0.1.0/24\"\nsenders = []",
        "[[mail.client]]\nnetwork = \"10.0.1.0/24\"\nsenders = \"example.com:example.org\"",
        "[[mail.client]]\nnetwork = \"10.0.1.0/24\"", Self.mapping("example.com", "example.org"),
        Self.mapping("example.com", "a$1@example.org"), Self.client + "\n" + Self.client,
    ])
    func othersAreRefused(mail: String) {
        let problems = problems(mail)
        #expect(!problems.isEmpty && problems.allSatisfy { $0.contains("mail.") }, "\(problems)")
    }

    @Test func aClientThatIsHiddenHasNoSenders() {
        let problems = problems(Self.client, places: "classic = [\"lb\"]")
        #expect(problems.count == 1)
        #expect(problems.first?.contains("mail.client: load_balancer.classic hides the senders' addresses") == true)
        #expect(problems.first?.contains("set mail.proxy_protocol = true") == true)
        #expect(self.problems("proxy_protocol = true\n" + Self.client, places: "classic = [\"lb\"]").isEmpty)
    }

    @Test func mappingsEnd() {
        let circle = Self.mapping("a.example", "x@b.example") + Self.mapping("b.example", "y@a.example")
        #expect(problems(circle).contains { $0.contains("goes in a circle") })
        #expect(problems(Self.mapping("a.example", "x@a.example")).isEmpty)
    }

    @Test func nobodyIsMappedToARefusedSender() {
        let mapping = Self.mapping("a.example", "x@b.example")
        let problems = problems("senders = [\"example.com\"]\n" + mapping)
        #expect(problems.contains { $0.contains("mail would leave as x@b.example, which mail.senders refuses") })
        #expect(self.problems("senders = [\"b.example\"]\n" + mapping).isEmpty)
        #expect(self.problems("senders_mode = \"warn\"\nsenders = [\"example.com\"]\n" + mapping).isEmpty)
    }

    @Test func parametersOfTheirsAreRefusedInTheirPlace() {
        let senders = "senders = [\"example.com\"]\n[postfix]\n"
        for name in ["smtpd_milter_maps", "receive_override_options", "milter_default_action", "smtpd_proxy_filter"] {
            let problems = problems(senders + "\(name) = \"x\"")
            #expect(problems.contains { $0.contains(name) && $0.contains("mail.senders") }, "\(problems)")
        }
        let rewriting =
            "[mail.rewrite]\nmasquerade = [\"example.com\"]\n\(Self.mapping("a.example", "x@example.com"))[postfix]\n"
        for name in [
            "sender_canonical_maps", "masquerade_domains", "masquerade_classes", "local_header_rewrite_clients",
        ] {
            let problems = problems(rewriting + "\(name) = \"x\"")
            #expect(problems.contains { $0.contains(name) && $0.contains("[mail.rewrite]") }, "\(problems)")
        }
    }
}
