import AWS
import Facts
import Host
import RelayTestSupport
import SystemPackage
import Testing
import Vocabulary

/// Random instance metadata and files of the operating system.
struct MetadataFuzzTests {
    @Test func osReleaseGivesAtLeastAName() async {
        await fuzz(500) { chance in
            let text = chance.mutation(of: Self.releases)
            for system in [OperatingSystem(osRelease: text), OperatingSystem(systemRelease: text)] {
                #expect(system.prettyName.isOnePlainLine, "\(chance)")
                #expect(![system.id, system.versionID].joined().contains("\n"), "\(chance)")
                #expect(system.idLike.allSatisfy { !$0.isEmpty }, "\(chance)")
            }
        }
    }

    @Test func noticesAreOneLineEachAndASpotInterruptionIsNeverMissed() async throws {
        try await fuzz(150) { chance in
            let metadata = FakeMetadata([
                "autoscaling/target-lifecycle-state": chance.mutation(of: ["InService", "Terminated\n"]),
                "spot/instance-action": chance.mutation(of: [#"{"action": "stop", "time": "2026-11-24T08:22:00Z"}"#]),
                "events/recommendations/rebalance": chance.mutation(of: [#"{"noticeTime": "2026-11-24T08:22:00Z"}"#]),
                "events/maintenance/scheduled": chance.mutation(of: [
                    #"[{"Code": "system-reboot", "State": "active", "NotBefore": "21 Jan 2027 09:00:43 GMT"}]"#, "[]",
                ]),
            ])
            let notices = try await InstanceNotices.read(from: MetadataClient(metadata, ManualTime()).reader())
            #expect(notices.spotInterruption != nil && notices.rebalanceRecommendation != nil, "\(chance)")
            let spot = notices.spotInterruption?.description
            let shown = [notices.targetLifecycleState, spot, notices.rebalanceRecommendation]
            #expect((shown.compactMap(\.self) + notices.maintenance).allSatisfy { $0.isOnePlainLine }, "\(chance)")
        }
    }

    /// The document is half of a secret, so that what is said of a broken one quotes none of it.
    @Test func credentialsAreReadOrRefusedWithoutAWordOfTheSecret() async {
        await fuzz(150) { chance in
            let document = chance.mutation(of: [
                #"{"Code": "Success", "AccessKeyId": "ASIA", "SecretAccessKey": "swordfish", "Token": "swordfish", "#
                    + #""Expiration": "2026-11-24T08:22:00Z"}"#
            ])
            let metadata = FakeMetadata([
                "iam/security-credentials/": "relay", "iam/security-credentials/relay": document,
            ])
            do {
                let credentials = try await MetadataClient(metadata, ManualTime()).roleCredentials()
                #expect(!credentials.accessKeyID.isEmpty && !credentials.secretAccessKey.isEmpty, "\(chance)")
            } catch {
                let text = "\(error)"
                // The code is no secret, unless chance has put one there.
                let isSafe = !text.contains("swordfish") || text.contains("the service says")
                #expect(text.isOnePlainLine && isSafe, "\(chance)")
            }
        }
    }

    @Test func factsAreParsedAtTheDoorOrToldInOneLine() async {
        await fuzz(150) { chance in
            var values = Self.values
            for path in values.keys.sorted() where chance.below(6) == 0 {
                values[path] = chance.mutation(of: [values[path] ?? ""])
            }
            do {
                let facts = try await InstanceFacts.gather(
                    from: MetadataClient(FakeMetadata(values), ManualTime()).reader(),
                    files: FileSystem(root: "/nonexistent"),
                    describeTags: { _, _, _ in [:] },
                    notice: { _ in }
                )
                let words = [
                    "\(facts.instanceID)", "\(facts.region)", facts.partition, "\(facts.servicesDomain)",
                    facts.availabilityZone, facts.vpcID, facts.subnetID, facts.mac,
                ]
                #expect(words.allSatisfy { !$0.isEmpty && $0.isOnePlainLine }, "\(chance)")
                #expect(!facts.vpcNetworks.isEmpty, "\(chance)")
            } catch {
                #expect("\(error)".isOnePlainLine, "\(chance)")
            }
        }
    }

    private static let values = [
        "instance-id": "i-0123456789abcdef0", "placement/region": "eu-central-1", "services/domain": "amazonaws.com",
        "services/partition": "aws", "placement/availability-zone": "eu-central-1a", "mac": "0e:49:61:0f:c3:11",
        "local-ipv4": "10.0.1.10", "public-ipv4": "203.0.113.7", "tags/instance": "Name\nsmtp-relay:domain",
        "tags/instance/Name": "relay", "tags/instance/smtp-relay:domain": "example.com",
        "network/interfaces/macs/0e:49:61:0f:c3:11/vpc-ipv4-cidr-blocks": "10.0.0.0/16\n10.1.0.0/16",
        "network/interfaces/macs/0e:49:61:0f:c3:11/vpc-ipv6-cidr-blocks": "2001:db8:1::/56",
        "network/interfaces/macs/0e:49:61:0f:c3:11/vpc-id": "vpc-0123",
        "network/interfaces/macs/0e:49:61:0f:c3:11/subnet-id": "subnet-0123",
        "network/interfaces/macs/0e:49:61:0f:c3:11/ipv6s": "2001:db8:1::10",
        "network/interfaces/macs/0e:49:61:0f:c3:11/subnet-ipv4-cidr-block": "10.0.1.0/24",
    ]

    private static let releases = [
        "NAME=\"Amazon Linux\"\nVERSION_ID=\"2023\"\nID=\"amzn\"\nID_LIKE=\"fedora rhel\"\nPRETTY_NAME='Amazon \\\"2023\\\"'\n",
        "# a\nID=centos\r\nVERSION_ID=7\n=\nPRETTY_NAME=\"\n", "CentOS release 6.10 (Final)\n", "",
    ]
}
