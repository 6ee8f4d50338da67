import RelayTestSupport
import Testing
import Vocabulary

@testable import Settings

/// `[mail.limits]`: what one sender may do, where Postfix sees which sender it is.
struct LimitSettingsTests {
    private func sources(_ limits: String, mail: String = "", places: String = "") -> SettingsSources {
        let text = "[mail]\ndomain = \"example.com\"\n\(mail)\n[mail.limits]\n\(limits)\n[load_balancer]\n\(places)\n"
        return SettingsSources(file: SettingsFile(path: "/c.toml", text: text), environment: [:], flags: [])
    }

    @Test func eachLimitIsItsOwn() throws {
        let text = """
            messages_per_minute = 1
            recipients_per_minute = 2
            connections_per_minute = 3
            connections = 4
            exempt = ["10.0.3.0/24"]
            """
        let limits = try sources(text).relay(tags: [:]).settings.mail.limits
        #expect(limits.messagesPerMinute == 1)
        #expect(limits.recipientsPerMinute == 2)
        #expect(limits.connectionsPerMinute == 3)
        #expect(limits.connections == 4)
        #expect(limits.exempt == [try IPNetwork("10.0.3.0/24")])
        #expect(limits.isSet)
    }

    @Test func withoutALimitThereIsNone() throws {
        #expect(!(try sources("").relay(tags: [:]).settings.mail.limits.isSet))
    }

    @Test func exceptionsAloneAreAMistake() {
        let problems = sources("exempt = [\"10.0.3.0/24\"]").read(tags: [:]).problems.map(\.description)
        #expect(problems == ["/c.toml:5:1: mail.limits.exempt: it needs another setting of mail.limits too"])
    }

    private static let group = """
        target_groups = ["arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/relay/0123abcd"]
        """

    @Test(arguments: ["messages_per_minute", "recipients_per_minute", "connections_per_minute", "connections"])
    func aHiddenSenderHasNoLimit(name: String) throws {
        for (places, key) in [("classic = [\"lb\"]", "classic"), (Self.group, "target_groups")] {
            let masked = sources("\(name) = 5", places: places)
            let problems = masked.read(tags: [:]).problems.map(\.description)
            #expect(problems.count == 1)
            #expect(problems.first?.hasPrefix("/c.toml:5:1: mail.limits.\(name): load_balancer.\(key) ") == true)
            #expect(problems.first?.contains("set mail.proxy_protocol = true") == true)
            let shown = sources("\(name) = 5", mail: "proxy_protocol = true", places: places)
            #expect(try shown.relay(tags: [:]).settings.mail.limits.isSet)
        }
    }
}
