import RelayTestSupport
import Testing
import Vocabulary

@testable import Settings

/// `ec2:CreateTags` is not root: tags only supply values that nothing else sets, and none that decides where mail goes or who
/// may relay.
struct TagAuthorityTests {
    private static let base = "[mail]\ndomain = \"example.com\"\n"

    private func sources(_ toml: String = TagAuthorityTests.base, fleet: String? = nil) throws -> SettingsSources {
        let sources = SettingsSources(file: SettingsFile(path: "/c.toml", text: toml), environment: [:], flags: [])
        let place = try FleetPlace("ssm:/smtp-relay/config")
        return sources.with(fleet: fleet.map { FleetDocument(place: place, version: "3", text: $0) })
    }

    @Test func theSettingsThatNoTagMaySupplyAreThese() {
        let refused = SettingKey.all.filter { $0.suppliers == .fleet }.map(\.name)
        #expect(
            refused == [
                "mail.destinations", "mail.networks", "mail.allow_public_networks", "mail.allow_private_networks",
                "mail.transport", "mail.destination", "mail.dkim", "mail.dkim_required", "mail.allow_unpublished_dkim",
                "mail.upstream.host", "mail.upstream.port", "mail.upstream.username", "mail.upstream.password_file",
                "mail.upstream.password_parameter",
                "mail.proxy_protocol", "mail.tls.certificate", "mail.tls.key", "mail.tls.outbound_level",
                "mail.senders", "mail.senders_mode", "mail.client", "mail.rewrite.masquerade", "mail.rewrite.map",
                "mail.limits.messages_per_minute", "mail.limits.recipients_per_minute",
                "mail.limits.connections_per_minute", "mail.limits.connections", "mail.limits.exempt", "postfix",
                "load_balancer.allow_open_to_world", "shutdown.evacuate_queue", "cloudwatch.logs", "cloudwatch.metrics",
                "cloudwatch.addresses",
            ]
        )
        let ofHost = SettingKey.all.filter { $0.suppliers == .host }.map(\.name)
        #expect(
            ofHost == [
                "role", "sender.relayhost", "sender.outbound_level", "metadata.imdsv1", "metadata.timeout",
                "fleet.settings",
                "fleet.interval", "bootstrap.timeout",
            ]
        )
    }

    @Test(arguments: SettingKey.all.filter { $0.suppliers != .fleetAndTags }.map(\.name))
    func aRefusedTagIsNamedWithItsCureAndLeftOut(name: String) throws {
        let key = try #require(SettingKey.named(name))
        let tags = [key.tag: "x", "smtp-relay:submission": "true"]
        let reading = try sources().read(tags: tags)
        #expect(reading.tagProblems.count == 1)
        let problem = reading.tagProblems.first?.description ?? ""
        #expect(problem.hasPrefix("tag \(key.tag): \(name): "), "\(problem)")
        #expect(problem.contains("remove the tag") && problem.contains(key.variable), "\(problem)")
        #expect(reading.problemsOfHost.isEmpty)
        guard case .relay(let resolved) = try reading.inForce() else { return }
        // The others count.
        #expect(resolved.settings.mail.submission)
        let plain = try sources().relay(tags: ["smtp-relay:submission": "true"])
        #expect(resolved.settings == plain.settings)
    }

    @Test(arguments: [
        ("submission", "maybe"), ("oops", "1"), ("health.port", "25"), ("hostname", "x y"), ("domain", "-"),
        ("load_balancer.classic", "a b"), ("cloudformation.stack", "alone"), ("network_table", "sometimes"),
        ("maximal_queue_lifetime", "5y"), ("reconcile.interval", "0"),
    ])
    func aTagThatIsWrongIsLeftOut(tag: String, value: String) throws {
        let toml = tag == "domain" ? "" : Self.base
        let reading = try sources(toml).read(tags: ["smtp-relay:\(tag)": value])
        #expect(reading.tagProblems.count == 1)
        #expect(reading.tagProblems.first?.description.hasPrefix("tag smtp-relay:\(tag): ") == true)
        if tag != "domain" { #expect(try reading.inForce().isOfRelay) }
    }

    @Test func aTagIsWeakerThanEveryOtherSource() throws {
        let tags = ["smtp-relay:health.port": "83"]
        func port(_ sources: SettingsSources) throws -> UInt16 { try sources.relay(tags: tags).settings.health.port }
        let (file, fleet) = (Self.base + "[health]\nport = 81\n", "[health]\nport = 82\n")
        #expect(try port(sources()) == 83)
        #expect(try port(sources(fleet: fleet)) == 82)
        #expect(try port(sources(file, fleet: fleet)) == 81)
    }

    /// Postfix delivers mail for its host name to itself.
    @Test func aHostNameInATagLiesBelowTheDomainOfAnotherSource() throws {
        func hostname(_ name: String, _ toml: String = TagAuthorityTests.base, _ more: [String: String] = [:]) throws
            -> String?
        {
            let tags = more.merging(["smtp-relay:hostname": name]) { _, last in last }
            return try sources(toml).relay(tags: tags).settings.mail.hostname?.description
        }
        #expect(try hostname("r1.example.com") == "r1.example.com")
        for name in ["example.com", "customer.net", "notexample.com", "example.com.evil.net"] {
            #expect(try hostname(name) == nil)
        }
        #expect(try hostname("r1.customer.net", "", ["smtp-relay:domain": "customer.net"]) == nil)
        // The file is root's.
        let toml = Self.base + "hostname = \"relay.example.org\"\n"
        #expect(try hostname("r1.customer.net", toml) == "relay.example.org")
    }

    @Test func whatAnEarlierVersionHasKeptGoesByTheTagsOfItsTime() throws {
        let tags = ["smtp-relay:networks": "vpc,10.7.0.0/16", "smtp-relay:submission": "true"]
        let kept = KeptSettings(path: "/c.toml", text: Self.base, variables: [:], tags: tags)
        #expect(kept.needsTrust)
        #expect(try kept.known.relay(tags: kept.tags).settings.mail.networks.count == 2)
        // This version keeps no tag that it refuses.
        let own = try sources().kept(tags: tags)
        #expect(own.tags == ["smtp-relay:submission": "true"])
        #expect(!own.needsTrust)
    }
}

extension SettingsReading.OfRole {
    fileprivate var isOfRelay: Bool { if case .relay = self { true } else { false } }
}
