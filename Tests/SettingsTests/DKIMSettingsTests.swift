import RelayTestSupport
import Settings
import Testing
import Vocabulary

/// `[[mail.dkim]]`: the keys that sign, and where they are.
struct DKIMSettingsTests {
    private func sources(_ toml: String, environment: [String: String] = [:]) -> SettingsSources {
        let text = "[mail]\ndomain = \"example.com\"\n" + toml
        return SettingsSources(file: SettingsFile(path: "/c.toml", text: text), environment: environment, flags: [])
    }

    private func mail(_ toml: String, environment: [String: String] = [:]) throws -> NodeSettings.Mail {
        try sources(toml, environment: environment).relay().settings.mail
    }

    private func problems(_ toml: String) -> [String] { sources(toml).read(tags: [:]).problems.map(\.description) }

    private func table(_ domain: String, _ selector: String, _ key: String) -> String {
        "[[mail.dkim]]\ndomain = \"\(domain)\"\nselector = \"\(selector)\"\n\(key)\n"
    }

    @Test func nothingIsSignedUnlessAKeyIsNamed() throws {
        let mail = try mail("")
        #expect(mail.dkim.isEmpty && mail.isDKIMRequired && !mail.allowsUnpublishedDKIM)
    }

    @Test func severalDomainsAndTwoSelectorsOfOne() throws {
        let mail = try mail(
            "dkim_required = false\nallow_unpublished_dkim = true\n"
                + table("Example.com", "relay2026", "key_file = \"/k/a.pem\"")
                + table("example.com", "relay2025", "key_parameter = \"/relay/dkim\"")
                + table("news.example.org", "A.b", "key_file = \"/k/b.pem\"")
        )
        #expect(
            mail.dkim.map(\.description) == [
                "example.com=relay2026:/k/a.pem", "example.com=relay2025:ssm:/relay/dkim",
                "news.example.org=a.b:/k/b.pem",
            ]
        )
        #expect(mail.dkim.map(\.place).first == .file(try PlainPath("/k/a.pem")))
        #expect(mail.dkim[1].place == .parameter(try ParameterName("/relay/dkim")))
        #expect(!mail.isDKIMRequired && mail.allowsUnpublishedDKIM)
    }

    @Test func aVariableHasThemAsTexts() throws {
        let variable = "example.com=r1:/k/a.pem, example.com=r2:ssm:arn:aws:ssm:eu-central-1:123456789012:parameter/k"
        let mail = try mail("", environment: ["SMTP_RELAY_DKIM": variable])
        #expect(mail.dkim.map(\.recordName) == ["r1._domainkey.example.com", "r2._domainkey.example.com"])
        let name = "arn:aws:ssm:eu-central-1:123456789012:parameter/k"
        #expect(mail.dkim.last?.place == .parameter(try ParameterName(name)))
    }

    @Test(arguments: [
        ("key_file = \"/k\"\nkey_parameter = \"/k\"", "either key_file"), ("", "either key_file"),
        ("key_file = \"k.pem\"", "k.pem"), ("key_file = \"ssm:k\"", "ssm:k"), ("key_file = 5", "either key_file"),
        ("key_file = \"/k\"\nmore = \"x\"", "either key_file"), ("key_parameter = \"a b\"", "a b"),
    ])
    func oneKeyIsNamedWhole(key: String, words: String) {
        let problems = problems(table("example.com", "relay2026", key))
        #expect(problems.count == 1)
        #expect(problems.first?.hasPrefix("/c.toml:3:") == true && problems.first?.contains("mail.dkim") == true)
        #expect(problems.first?.contains(words) == true, "\(problems)")
    }

    @Test(arguments: ["", "a_b", "-a", "a b", "a..b", "a:ssm", "a=b", String(repeating: "a", count: 64)])
    func aSelectorIsMadeOfLabels(selector: String) {
        let problems = problems(table("example.com", selector, "key_file = \"/k\""))
        #expect(problems.count == 1 && problems.first?.contains("mail.dkim") == true, "\(problems)")
    }

    @Test func aSelectorOfADomainIsThereOnce() {
        let twice = table("example.com", "r1", "key_file = \"/a\"") + table("EXAMPLE.com", "R1", "key_file = \"/b\"")
        #expect(problems(twice).map { $0.contains("example.com has the selector r1 more than once") } == [true])
    }

    @Test func noTagMaySetThem() {
        let reading = sources("").read(tags: [
            "smtp-relay:dkim": "example.com=r1:/k", "smtp-relay:dkim_required": "false",
            "smtp-relay:allow_unpublished_dkim": "true",
        ])
        #expect(reading.tagProblems.count == 3)
    }
}
