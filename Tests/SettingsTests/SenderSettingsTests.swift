import RelayTestSupport
import Settings
import Testing
import Vocabulary

struct SenderSettingsTests {
    private func sources(_ toml: String = "", environment: [String: String] = [:], flags: [String] = [])
        -> SettingsSources
    {
        SettingsSources(file: SettingsFile(path: "/c.toml", text: toml), environment: environment, flags: flags)
    }

    private func sender(_ sources: SettingsSources) throws -> ResolvedSettings<SenderSettings>? {
        guard case .sender(let settings) = try sources.read(tags: nil).inForce() else { return nil }
        return settings
    }

    private func problems(_ sources: SettingsSources) -> [String] {
        sources.read(tags: nil).problems.map(\.description)
    }

    private let least = "role = \"sender\"\n[sender]\nrelayhost = \"[relay.internal.example.com]:25\"\n"

    @Test func aSenderNeedsItsRelayhostAndNothingElse() throws {
        let settings = try #require(try sender(sources(least)))
        #expect(settings.settings == SenderSettings(relayhost: try RelayHost("[relay.internal.example.com]:25")))
        #expect(problems(sources(least)).isEmpty)
        #expect(settings.values.contains { $0.key == "role" && $0.value == "\"sender\"" })
        #expect(!settings.values.contains { $0.key.hasPrefix("mail.") || $0.key.hasPrefix("load_balancer.") })
        let missing = problems(sources(flags: ["role=sender"]))
        #expect(missing.count == 1)
        #expect(missing[0].contains("SMTP_RELAY_SENDER_RELAYHOST"))
    }

    @Test func itsOtherSettingsAreTakenUp() throws {
        let environment = [
            "SMTP_RELAY_ROLE": "sender", "SMTP_RELAY_SENDER_RELAYHOST": "[10.0.0.25]",
            "SMTP_RELAY_SENDER_OUTBOUND_LEVEL": "encrypt", "SMTP_RELAY_RECONCILE_RESIDENT": "false",
            "SMTP_RELAY_RECONCILE_INTERVAL": "5m", "SMTP_RELAY_PACKAGES_TIMEOUT": "1m",
            "SMTP_RELAY_BOOTSTRAP_TIMEOUT": "2m",
        ]
        let settings = try #require(try sender(sources(environment: environment))).settings
        #expect(settings.outboundTLS == .encrypt)
        #expect(settings.reconcile == .init(resident: false, interval: .seconds(300)))
        #expect(settings.packages.timeout == .seconds(60))
        #expect(settings.relayhost.port == 25)
    }

    @Test(arguments: [
        "load_balancer.classic=relay", "mail.networks=vpc", "mail.domain=example.com", "mail.submission=true",
        "health.port=8080", "metadata.timeout=5s", "shutdown.evacuate_queue=false", "auto_scaling.launch_hook=x",
        "cloudformation.stack=x", "mail.tls.outbound_level=may",
    ])
    func whatMeansNothingOnASenderIsToldWithTheCure(flag: String) {
        let key = flag.prefix { $0 != "=" }
        #expect(
            problems(sources(least, flags: [flag])) == [
                """
                flag --set \(key): \(key): it means nothing where role is "sender"; remove it, or set role to "relay"
                """
            ]
        )
    }

    @Test func whatMeansNothingOnARelayIsToldToo() {
        let found = problems(sources("[mail]\ndomain = \"a.b\"\n[sender]\nrelayhost = \"[relay.example.com]\"\n"))
        #expect(
            found == [
                """
                /c.toml:4:1: sender.relayhost: it means nothing where role is "relay"; remove it, or set role to "sender"
                """
            ]
        )
    }

    @Test func aRoleThatDoesNotExistIsToldAndTakenForNone() {
        let wrong = sources(flags: ["role=sendre", "mail.domain=a.b"])
        #expect(wrong.read(tags: nil).role == .relay)
        #expect(
            problems(wrong) == [#"flag --set role: role: 'sendre' is not one of "relay", "sender""#]
        )
        #expect(throws: SettingsProblems.self) { try wrong.relay() }
    }

    @Test(arguments: ["role", "sender.relayhost", "sender.outbound_level"])
    func noneOfItCanComeFromTags(key: String) {
        let tags = ["smtp-relay:domain": "a.b", "smtp-relay:\(key)": "sender"]
        let found = sources().read(tags: tags).problems.map(\.description)
        #expect(found.count == 1)
        #expect(found.first?.contains("before it can read the tags") == true)
    }

    @Test func theRoleIsKnownWhateverElseIsWrong() {
        #expect(sources(least + "nonsense = 1\n").read(tags: nil).role == .sender)
        #expect(sources().read(tags: nil).role == .relay)
    }
}
