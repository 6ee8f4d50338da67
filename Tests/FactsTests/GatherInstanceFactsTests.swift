import Facts
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

    struct NotAllowed: Error, CustomStringConvertible { let description = "allow ec2:DescribeTags" }

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
            throw NotAllowed()
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

    @Test func doesWithoutTagsWhereNeitherAnswers() async throws {
        let facts = try await gather()
        #expect(facts.tags.isEmpty)
        #expect(facts.tagSource == .unavailable)
        #expect(notices.all.count == 1)
        #expect(notices.all.first?.contains("ec2:DescribeTags failed") == true)
        #expect(notices.all.first?.contains("--instance-metadata-tags enabled") == true)
        #expect(notices.all.first?.hasSuffix("allow ec2:DescribeTags") == true)
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
}
