import RelayTestSupport
import Testing
import Vocabulary

@testable import Settings

struct FleetSettingsTests {
    private static let host = "[fleet]\nsettings = \"ssm:/smtp-relay/config\"\n"

    private func sources(_ toml: String = host, fleet: String? = nil, flags: [String] = []) throws -> SettingsSources {
        let sources = SettingsSources(file: SettingsFile(path: "/c.toml", text: toml), environment: [:], flags: flags)
        let place = try FleetPlace("ssm:/smtp-relay/config")
        return sources.with(fleet: fleet.map { FleetDocument(place: place, version: "3", text: $0) })
    }

    @Test func theFleetSuppliesWhatTheHostDoesNotSet() throws {
        let fleet = "[mail]\ndomain = \"fleet.example\"\nnetworks = [\"10.7.0.0/16\"]\n"
        let resolved = try sources(fleet: fleet).relay()
        #expect(resolved.settings.mail.networks.map(\.description) == ["10.7.0.0/16"])
        #expect(resolved.table.contains("# ssm:/smtp-relay/config:2:1"))
        let flag = try sources(fleet: fleet, flags: ["mail.domain=flag.example"]).relay()
        #expect(flag.settings.mail.domain.description == "flag.example")
        #expect(flag.settings.mail.networks.count == 1)
    }

    @Test(arguments: SettingKey.all.filter { $0.suppliers == .host }.map(\.name))
    func whatAHostNeedsBeforeIsRefused(name: String) throws {
        let key = try #require(SettingKey.named(name))
        let value = key.form == .boolean ? "true" : "\"5m\""
        let problems = try sources(fleet: "mail.domain = \"a.b\"\n\(name) = \(value)\n").read(tags: [:]).problems
        #expect(problems.count == 1)
        let problem = problems.first?.description ?? ""
        #expect(problem.hasPrefix("ssm:/smtp-relay/config:2:1: \(name): a host needs it before"), "\(problem)")
        #expect(problem.contains(key.variable))
    }

    @Test func withoutAVersionNothingIsMissingYetAndNothingIsInForce() throws {
        let reading = try sources().read(tags: [:])
        #expect(reading.problems.isEmpty)
        let failure = #expect(throws: SettingsProblems.self) { try reading.inForce() }
        #expect(failure?.description.contains("no version of ssm:/smtp-relay/config was read yet") == true)
        // A mistake that no version of the fleet's settings can cure is told at once.
        #expect(try sources(Self.host + "[health]\nport = 25\n").read(tags: [:]).problems.count == 1)
        // A host without the setting has no fleet.
        #expect(try sources("").read(tags: [:]).problems.first?.description.hasPrefix("mail.domain: not set") == true)
    }

    @Test(arguments: [
        "ssm:", "ssm:a b", "s3://bucket", "s3://Bucket/key", "s3://bu/key", "s3://bucket//key", "s3://bucket/../key",
        "https://bucket/key", "/etc/config.toml", "s3://bucket/a b",
    ])
    func aPlaceThatIsNoneIsToldWithItsLine(text: String) throws {
        let toml = "[fleet]\nsettings = \"\(text)\"\n[mail]\ndomain = \"a.b\"\n"
        let problems = try sources(toml).read(tags: [:]).problems
        #expect(problems.count == 1)
        #expect(problems.first?.description.hasPrefix("/c.toml:2:1: fleet.settings: '") == true)
    }

    @Test(arguments: [
        "ssm:/smtp-relay/config", "ssm:config", "s3://bucket/key", "s3://my.bucket.example/a/config.toml",
    ])
    func aPlaceIsReadAndWrittenAlike(text: String) throws {
        #expect(try FleetPlace(text).description == text)
    }

    @Test func aSenderHasNoFleet() throws {
        let toml = "role = \"sender\"\n[sender]\nrelayhost = \"[relay.example.com]\"\n" + Self.host
        let problems = try sources(toml).read(tags: nil).problems
        #expect(problems.first?.description.contains("it means nothing where role is \"sender\"") == true)
    }

    /// One call a minute: one for each load balancer in each pass, and one for the fleet's settings.
    @Test(arguments: [(1, 300), (1, 600), (3, 300), (10, 900), (1, 121)])
    func thePaceLeavesRoomForTheReading(loadBalancers: Int, seconds: Int) throws {
        let place = try FleetPlace("ssm:/x")
        let fleet = FleetSettings(place: place, interval: .seconds(seconds))
        let pace = NodeSettings.Reconcile.interval(loadBalancers: loadBalancers, fleet: fleet)
        let calls = 60 * Double(loadBalancers) / Double(pace.components.seconds) + 60 / Double(seconds)
        #expect(calls <= 1)
        #expect(
            NodeSettings.Reconcile.interval(loadBalancers: loadBalancers, fleet: nil) == .seconds(60) * loadBalancers
        )
    }

    @Test func theFleetsVersionIsKeptWithTheRest() throws {
        let kept = try sources(fleet: "[mail]\ndomain = \"a.b\"\n").kept(tags: [:])
        #expect(kept.fleet?.version == "3")
        #expect(try kept.known.relay().settings.mail.domain.description == "a.b")
    }
}
