import Host
import Reconcile
import RelayNode
import RelayTestSupport
import Resources
import SMTP
import Synchronization
import SystemPackage
import Testing
import Vocabulary

private struct FakeEndpoint: HealthChecking {
    func status() -> Int { 200 }
}

struct HealthEndpointTests {
    private let publisher = ServiceName("health")
    private let file: FilePath = "/run/smtp-relay-agent/www/health"

    private func endpoint(
        _ relay: FakeRelay,
        _ files: FileSystem,
        _ services: FakeServices,
        probes: ProbeObserver = .none
    ) throws -> HealthEndpoint {
        let mail = NodeSettings.Mail(
            domain: try DomainName("example.com"),
            networks: [.network(try IPNetwork("10.0.0.0/16"))]
        )
        let allowed = try AllowedNetworks(mail, facts: try facts(), families: [.ipv4])
        let test = SelfTest(allowed, families: [.ipv4], domains: [mail.domain])
        return HealthEndpoint(
            verifier: NodeVerifier(probe: relay, selfTest: test, files: files, observer: probes),
            publisher: publisher,
            file: file,
            answer: FakeEndpoint(),
            services: ServiceBoard(manager: services, services: [publisher]),
            files: files
        )
    }

    private func facts() throws -> NodeFacts {
        NodeFacts(
            instanceID: try InstanceID("i-0123456789abcdef0"),
            region: try Region("eu-central-1"),
            partition: "aws",
            servicesDomain: try DomainName("amazonaws.com"),
            availabilityZone: "eu-central-1a",
            vpcID: "vpc-1",
            subnetID: "subnet-1",
            mac: "0e:49:61:0f:c3:11",
            privateAddress: try IPAddress("10.0.1.10"),
            publicAddress: nil,
            ipv6Addresses: [],
            vpcNetworks: [try IPNetwork("10.0.0.0/16")],
            subnetNetwork: try IPNetwork("10.0.1.0/24"),
            tags: [:],
            tagSource: .metadata,
            operatingSystem: OperatingSystem(id: "amzn", idLike: [], versionID: "2023", prettyName: "Amazon Linux")
        )
    }

    private let fair = FakeRelay { client in
        let isInside = client.bytes[0] == 127 || client.bytes.starts(with: [10, 0])
        return SMTPReply(code: isInside ? 250 : 554, lines: [isInside ? "ok" : "Relay access denied"])
    }

    /// Publishes, as a pass does on a fresh node.
    private func published(_ files: FileSystem, _ services: FakeServices) async throws {
        try files.createDirectory("/etc/postfix")
        try files.replace("/etc/postfix/main.cf", with: [1], attributes: FileAttributes())
        guard case .drifted(let drift) = try await endpoint(fair, files, services).check() else {
            Issue.record("a fresh node is not published")
            return
        }
        try await drift.apply()
        // What the health unit does.
        try files.createDirectory(file.removingLastComponent())
        try files.replace(file, with: [], attributes: FileAttributes())
    }

    @Test func aProvenRelayIsPublishedOnce() async throws {
        try await withTemporaryRoot { files in
            let services = FakeServices()
            try await published(files, services)
            #expect(services.told == ["restart health"])
            guard case .inSync = try await endpoint(fair, files, services).check() else {
                Issue.record("a published node is in sync")
                return
            }
        }
    }

    @Test func eachLookIsReportedAndAProofThatHoldsWithItsTime() async throws {
        try await withTemporaryRoot { files in
            let services = FakeServices()
            let seen = Mutex<[ProbeReport]>([])
            let observer = ProbeObserver { report in seen.withLock { $0.append(report) } }
            try await published(files, services)
            _ = try await endpoint(fair, files, services, probes: observer).check()
            let proven = try #require(seen.withLock { $0.first })
            #expect(proven.probe == .relayPolicy && proven.failure == nil)
            #expect(proven.at == files.modificationTime(of: "/run/smtp-relay-agent/proof") && proven.at != nil)
            #expect(proven.subject == "RCPT TO as 2 hosts inside and 8 outside of the networks")
            // This root has no queue, so nothing is said of its disk.
            #expect(seen.withLock { $0.map(\.probe) } == [.relayPolicy, .smtp, .healthCheck])

            try files.replace("/etc/postfix/main.cf", with: [2], attributes: FileAttributes())
            let open = FakeRelay { _ in SMTPReply(code: 250, lines: ["ok"]) }
            guard case .drifted(let drift) = try await endpoint(open, files, services, probes: observer).check() else {
                Issue.record("a change must be proven anew")
                return
            }
            await #expect(throws: RelayPolicyFailure.self) { try await drift.apply() }
            let last = try #require(seen.withLock { $0.last })
            #expect(last.probe == .relayPolicy && last.at == nil)
            #expect(last.failure?.hasPrefix("open relay: ") == true)
        }
    }

    @Test(arguments: [250, 554])
    func anOpenOrAClosedRelayIsWithdrawn(code: Int) async throws {
        try await withTemporaryRoot { files in
            let services = FakeServices()
            try await published(files, services)
            // Postfix's files have changed, so the old proof is worth nothing.
            try files.replace("/etc/postfix/main.cf", with: [2], attributes: FileAttributes())
            let relay = FakeRelay { _ in SMTPReply(code: code, lines: ["same for all"]) }
            guard case .drifted(let drift) = try await endpoint(relay, files, services).check() else {
                Issue.record("a change must be proven anew")
                return
            }
            await #expect(throws: RelayPolicyFailure.self) { try await drift.apply() }
            #expect(!files.exists(file))
            #expect(services.told.last == "stop health")
        }
    }

    @Test func aRelayThatDeliversItsOwnDomainForStrangersIsOpen() async throws {
        try await withTemporaryRoot { files in
            var open = fair
            open.servesDomainsToAll = true
            guard case .drifted(let drift) = try await endpoint(open, files, FakeServices()).check() else {
                Issue.record("a fresh node must be proven")
                return
            }
            await #expect { try await drift.apply() } throws: { "\($0)".hasPrefix("open relay: ") }
        }
    }

    @Test func aDoorThatRefusesThisHostIsNoProof() async throws {
        try await withTemporaryRoot { files in
            var closed = fair
            closed.refusedPort = 25
            guard case .drifted(let drift) = try await endpoint(closed, files, FakeServices()).check() else {
                Issue.record("a fresh node must be proven")
                return
            }
            await #expect { try await drift.apply() } throws: {
                "\($0)".contains("refuses this host itself at port 25")
            }
        }
    }

    @Test func aSilentPostfixIsWithdrawn() async throws {
        try await withTemporaryRoot { files in
            let services = FakeServices()
            try await published(files, services)
            var silent = fair
            silent.isUp = false
            guard case .drifted(let drift) = try await endpoint(silent, files, services).check() else {
                Issue.record("a silent Postfix is no healthy node")
                return
            }
            await #expect(throws: FakeRelay.Down.self) { try await drift.apply() }
            #expect(!files.exists(file))
        }
    }
}
