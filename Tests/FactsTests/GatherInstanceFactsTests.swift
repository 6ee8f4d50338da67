import AWS
import Facts
import HTTP
import Host
import RelayTestSupport
import Synchronization
import SystemPackage
import Testing
import Vocabulary

@Suite struct GatherInstanceFactsTests {
    private static let interface = "network/interfaces/macs/0e:49:61:0f:c3:11"
    private static let values = [
        "instance-id": "i-0123456789abcdef0",
        "placement/region": "eu-central-1",
        "placement/availability-zone": "eu-central-1a",
        "services/partition": "aws",
        "services/domain": "amazonaws.com",
        "mac": "0e:49:61:0f:c3:11",
        "\(interface)/vpc-id": "vpc-1",
        "\(interface)/subnet-id": "subnet-1",
        "\(interface)/vpc-ipv4-cidr-blocks": "10.0.0.0/16\n100.64.0.0/16",
        "\(interface)/subnet-ipv4-cidr-block": "10.0.1.0/24",
        "local-ipv4": "10.0.1.10",
    ]

    private static let denied = failure(.answered(AWSError(status: 403, code: "UnauthorizedOperation", message: "no")))

    private static func failure(_ reason: AWSFailure.Reason) -> AWSFailure {
        AWSFailure(action: "ec2:DescribeTags", reason: reason)
    }

    private let time = ManualTime()
    private let notices = Notices()

    final class Notices: Sendable {
        private let lines = Mutex<[String]>([])
        var all: [String] { lines.withLock { $0 } }
        func add(_ line: String) { lines.withLock { $0.append(line) } }
    }

    private func gather(
        _ changes: [String: String?] = [:],
        describeTags: (InstanceID, Region, DomainName) async throws -> [String: String] = { _, _, _ in
            throw Self.denied
        }
    ) async throws -> InstanceFacts {
        var values = Self.values
        for (path, value) in changes { values[path] = value }
        return try await InstanceFacts.gather(
            from: MetadataClient(FakeMetadata(values), time).reader(),
            files: FileSystem(root: "/no/such/root"),
            describeTags: describeTags,
            notice: notices.add
        )
    }

    @Test func gathersWhatEveryInstanceHas() async throws {
        let facts = try await gather(["tags/instance": ""])
        #expect(facts.instanceID.description == "i-0123456789abcdef0")
        #expect(facts.region.description == "eu-central-1")
        #expect(facts.availabilityZone == "eu-central-1a")
        #expect(facts.partition == "aws")
        #expect(facts.servicesDomain.description == "amazonaws.com")
        #expect(facts.mac == "0e:49:61:0f:c3:11")
        #expect(facts.vpcID == "vpc-1")
        #expect(facts.subnetID == "subnet-1")
        #expect(facts.vpcNetworks.map(\.description) == ["10.0.0.0/16", "100.64.0.0/16"])
        #expect(facts.subnetNetwork.description == "10.0.1.0/24")
        #expect(facts.privateAddress.description == "10.0.1.10")
        #expect(facts.publicAddress == nil)
        #expect(facts.ipv6Addresses.isEmpty)
        #expect(facts.operatingSystem.id == "linux")
        #expect(time.sleeps.isEmpty)
    }

    @Test func gathersWhatSomeInstancesHave() async throws {
        let facts = try await gather([
            "public-ipv4": "198.51.100.7",
            "\(Self.interface)/ipv6s": "2001:db8::1\n2001:db8::2",
            "\(Self.interface)/vpc-ipv6-cidr-blocks": "2001:db8::/56",
            "tags/instance": "Name\nsmtp-relay:mail.domain",
            "tags/instance/Name": "relay",
            "tags/instance/smtp-relay:mail.domain": "example.com",
        ])
        #expect(facts.publicAddress?.description == "198.51.100.7")
        #expect(facts.ipv6Addresses.map(\.description) == ["2001:db8::1", "2001:db8::2"])
        #expect(facts.vpcNetworks.map(\.description) == ["10.0.0.0/16", "100.64.0.0/16", "2001:db8::/56"])
        #expect(facts.tags == ["Name": "relay", "smtp-relay:mail.domain": "example.com"])
        #expect(facts.tagSource == .metadata)
        #expect(notices.all.isEmpty)
    }

    @Test func leavesOutATagThatGoesWhileItLooks() async throws {
        let facts = try await gather(["tags/instance": "Name\nGone", "tags/instance/Name": "relay"])
        #expect(facts.tags == ["Name": "relay"])
    }

    @Test func asksTheAPIWhereMetadataHasNoTags() async throws {
        let facts = try await gather { instance, region, domain in
            ["asked": "\(instance) \(region) \(domain)"]
        }
        #expect(facts.tags == ["asked": "i-0123456789abcdef0 eu-central-1 amazonaws.com"])
        #expect(facts.tagSource == .api)
        #expect(notices.all.count == 1)
        #expect(notices.all.first?.contains("ec2:DescribeTags") == true)
    }

    @Test func doesWithoutTagsWhereTheRoleMayNotAsk() async throws {
        let facts = try await gather()
        #expect(facts.tags.isEmpty)
        #expect(facts.tagSource == .unavailable)
        #expect(notices.all.count == 1)
        #expect(notices.all.first?.contains("may not call ec2:DescribeTags") == true)
        #expect(notices.all.first?.contains("--instance-metadata-tags enabled") == true)
    }

    /// Without its tags, the node would go by other settings.
    @Test(arguments: [
        failure(.answered(AWSError(status: 503, code: "RequestLimitExceeded", message: ""))),
        failure(.answered(AWSError(status: 500, code: "InternalError", message: ""))),
        failure(.answered(AWSError(status: 400, code: "AuthFailure", message: ""))),
        failure(.unreachable(HTTPFailure(url: "https://ec2.example", reason: .noRoute("no route")))),
        failure(.unreadable("HTML")),
        failure(.credentials(MetadataFailure(path: "iam/", reason: .noRole, waited: .zero))),
    ])
    func aPassingFailureToReadTheTagsIsNoLackOfThem(failure: AWSFailure) async throws {
        let unread = await #expect(throws: TagsUnread.self) { try await gather { _, _, _ in throw failure } }
        #expect(unread?.facts.instanceID.description == "i-0123456789abcdef0")
        #expect(unread?.facts(tags: ["a": "b"]).tags == ["a": "b"])
        #expect(unread?.description.contains("--instance-metadata-tags enabled") == true)
        let facts = try await gather()
        await #expect(throws: TagsUnread.self) {
            try await refreshed(facts) { throw failure }
        }
    }

    private func refreshed(
        _ facts: InstanceFacts,
        _ changes: [String: String?] = [:],
        describeTags: (() async throws -> [String: String])?
    ) async throws -> InstanceFacts {
        var values = Self.values
        for (path, value) in changes { values[path] = value }
        return try await facts.refreshed(
            from: MetadataClient(FakeMetadata(values), time).reader(),
            describeTags: describeTags
        )
    }

    @Test func tagsAreReadAnewWhereverTheyComeFrom() async throws {
        let facts = try await gather()
        // Metadata offers them from now on.
        let metadata = ["tags/instance": "Name", "tags/instance/Name": "relay"]
        let enabled = try await refreshed(facts, metadata, describeTags: nil)
        #expect((enabled.tags, enabled.tagSource) == (["Name": "relay"], .metadata))
        // The API does.
        let asked = try await refreshed(facts) { ["Name": "by API"] }
        #expect((asked.tags, asked.tagSource) == (["Name": "by API"], .api))
        let changed = try await refreshed(asked) { [:] }
        #expect((changed.tags, changed.tagSource) == ([:], .api))
        // Nothing is asked, or the permission is gone: they are as they were.
        #expect(try await refreshed(asked, describeTags: nil).tags == ["Name": "by API"])
        #expect(try await refreshed(asked) { throw Self.denied }.tags == ["Name": "by API"])
        #expect(try await refreshed(enabled, describeTags: nil).tags == ["Name": "relay"])
    }

    @Test(arguments: [
        ("instance-id", "web-1"), ("placement/region", "nowhere!"), ("services/domain", "localhost"), ("mac", "eth0"),
        ("local-ipv4", "10.0.1"), ("services/partition", "a/b"), ("placement/availability-zone", ""),
        ("\(interface)/vpc-id", "vpc 1"), ("\(interface)/subnet-id", "../x"),
        ("\(interface)/vpc-ipv4-cidr-blocks", "10.0.0.0/16\n10.0.0.0/99"), ("\(interface)/vpc-ipv4-cidr-blocks", ""),
        ("\(interface)/subnet-ipv4-cidr-block", "10.0.1.10/24"), ("public-ipv4", "<html>"),
        ("\(interface)/ipv6s", "fe80::1%eth0"), ("\(interface)/vpc-ipv6-cidr-blocks", "everything"),
    ])
    func refusesAValueThatIsNone(path: String, value: String) async throws {
        let failure = await #expect(throws: MetadataFailure.self) { _ = try await gather([path: value]) }
        #expect(failure?.path == path)
        guard case .badValue = failure?.reason else {
            Issue.record("not a bad value: \(String(describing: failure))")
            return
        }
    }

    @Test(arguments: values.keys.sorted().filter { !$0.hasPrefix("network/") } + ["\(interface)/vpc-ipv4-cidr-blocks"])
    func saysWhatIsMissing(path: String) async throws {
        let change: [String: String?] = [path: nil]
        let failure = await #expect(throws: MetadataFailure.self) { _ = try await gather(change) }
        #expect(failure?.path == path)
        #expect(failure?.reason == .missing)
    }

    @Test(arguments: [
        [
            "\(interface)/subnet-ipv6-cidr-blocks": "2600:1f14:abc:de00::/64",
            "\(interface)/ipv6s": "2600:1f14:abc:de00::25",
        ],
        ["\(interface)/subnet-ipv6-cidr-blocks": "2600:1f14:abc:de00::/64"],
    ])
    func anIPv6OnlySubnetIsToldAtOnce(values: [String: String]) async throws {
        let none: [String: String?] = ["local-ipv4": nil, "\(Self.interface)/subnet-ipv4-cidr-block": nil]
        let changes = none.merging(values.mapValues { $0 as String? }) { $1 }
        let failure = await #expect(throws: MetadataFailure.self) { _ = try await gather(changes) }
        #expect(failure?.reason == .onlyIPv6)
        #expect(failure?.description.contains("a subnet with an IPv4 range") == true)
        #expect(time.sleeps.isEmpty)
    }

    @Test func anAddressThatIsLateIsWaitedForWhereTheSubnetHasSome() async throws {
        let changes: [String: String?] = [
            "local-ipv4": nil, "\(Self.interface)/subnet-ipv6-cidr-blocks": "2600:1f14:abc:de00::/64",
        ]
        let failure = await #expect(throws: MetadataFailure.self) { _ = try await gather(changes) }
        #expect(failure?.reason == .missing)
        #expect(time.passed > .seconds(100))
    }

    @Test func theGroupsOfEveryInterfaceInTheInternetsReachCount() async throws {
        let (first, second, third) = ("0e:49:61:0f:c3:11", "0e:49:61:0f:c3:12", "0e:49:61:0f:c3:13")
        let folder = "network/interfaces/macs/"
        let values = [
            folder: "\(first)/\n\(second)/\n\(third)/", "\(folder)\(first)/security-group-ids": "sg-1\nsg-2",
            "\(folder)\(second)/security-group-ids": "sg-3", "\(folder)\(second)/public-ipv4s": "198.51.100.7",
            "\(folder)\(third)/security-group-ids": "sg-4", "\(folder)\(third)/ipv6s": "2001:db8::1",
        ]
        func groups(_ isExposed: Bool, _ speaksIPv6: Bool, _ values: [String: String]) async throws -> [String] {
            try await MetadataClient(FakeMetadata(values), time).reader().exposedSecurityGroups(
                primary: first,
                isExposed: isExposed,
                speaksIPv6: speaksIPv6
            )
        }
        #expect(try await groups(true, true, values) == ["sg-1", "sg-2", "sg-3", "sg-4"])
        #expect(try await groups(false, false, values) == ["sg-3"])
        let alone = values.filter { !$0.key.contains(second) && !$0.key.contains(third) || $0.key == folder }
        #expect(try await groups(false, true, alone).isEmpty)
    }

    @Test func readsAgainWhatCanChange() async throws {
        let before = try await gather(["tags/instance": ""])
        var values = Self.values
        values["\(Self.interface)/ipv6s"] = "2001:db8::1"
        values["\(Self.interface)/vpc-ipv6-cidr-blocks"] = "2001:db8::/56"
        values["\(Self.interface)/vpc-ipv4-cidr-blocks"] = "10.0.0.0/16\n198.19.0.0/16"
        values["public-ipv4"] = "198.51.100.7"
        values["local-ipv4"] = "10.0.1.11"
        let after = try await before.refreshed(
            from: MetadataClient(FakeMetadata(values), time).reader(),
            describeTags: nil
        )
        #expect(after.ipv6Addresses.map(\.description) == ["2001:db8::1"])
        #expect(after.vpcNetworks.map(\.description) == ["10.0.0.0/16", "198.19.0.0/16", "2001:db8::/56"])
        #expect(after.publicAddress?.description == "198.51.100.7")
        #expect(after.privateAddress.description == "10.0.1.11")
        let again = try await after.refreshed(
            from: MetadataClient(FakeMetadata(Self.values), time).reader(),
            describeTags: nil
        )
        #expect(again.ipv6Addresses.isEmpty && again.publicAddress == nil)
    }
}
