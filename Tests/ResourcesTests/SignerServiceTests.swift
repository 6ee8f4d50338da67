import Host
import Reconcile
import RelayNode
import RelayTestSupport
import Synchronization
import SystemPackage
import Testing
import Units

@testable import Resources

/// The signer as a part of a node.
struct SignerServiceTests {
    /// A signer that answers once the services were told to start it.
    private final class Probe: SignerProbing {
        private let services: FakeServices

        init(_ services: FakeServices) { self.services = services }

        func answers(port: UInt16) -> Bool { services.told.contains("restart \(SignerService.service)") }
    }

    private static let ring = SigningKeyRing(
        entries: [.init(domain: "example.com", selector: "r1", source: "/k.pem", pem: "secret")],
        isThroughSES: false
    )

    private func service(_ files: FileSystem, _ services: FakeServices, ring: SigningKeyRing = ring) -> SignerService {
        SignerService(
            ring,
            isRequired: true,
            unit: Units.signer,
            services: ServiceBoard(manager: services, services: [SignerService.service]),
            probe: Probe(services),
            files: files,
            isOutdated: { _ in false },
            warn: { _ in }
        )
    }

    private func apply(_ resource: some Resource) async throws -> [Change] {
        guard case .drifted(let drift) = try await resource.check() else { return [] }
        try await drift.apply()
        return drift.changes
    }

    @Test func itComesUpWithItsKeysAndGoesWithoutATrace() async throws {
        try await withTemporaryRoot { (files) async throws in
            try files.createDirectory("/etc/systemd/system")
            let services = FakeServices()
            let signer = service(files, services)
            let changes = try await apply(signer)
            #expect(changes.count == 4)
            #expect(services.told.contains("enable \(SignerService.service)"))
            let keys = try #require(try files.file(at: SigningKeyRing.path))
            #expect(keys.attributes.permissions == .ownerReadWrite && keys.attributes.owner == 0)
            #expect(try files.folderAttributes(at: SigningKeyRing.folder)?.permissions == .onlyOwner)
            // Nobody reads a key in the plan or the log.
            #expect(changes.allSatisfy { $0.diff == nil && !$0.summary.contains("secret") })
            #expect(try await apply(service(files, services)).isEmpty)

            let board = ServiceBoard(manager: services, services: [SignerService.service])
            let former = FormerSigner(Units.signer, services: board, files: files)
            #expect(former.isThere)
            #expect(try await !apply(former).isEmpty)
            #expect(services.told.contains("disable \(SignerService.service)"))
            #expect(!former.isThere && !files.exists(UnitFiles.path(of: Units.signer)))
        }
    }

    @Test func newKeysNeedNoRestart() async throws {
        try await withTemporaryRoot { (files) async throws in
            try files.createDirectory("/etc/systemd/system")
            let services = FakeServices()
            _ = try await apply(service(files, services))
            let before = services.told
            var other = Self.ring
            other.entries += [.init(domain: "example.com", selector: "r2", source: "/l.pem", pem: "other")]
            #expect(try await apply(service(files, services, ring: other)).map(\.kind) == [.file])
            #expect(services.told == before)
            #expect(SigningKeyRing.file(files).read() == other)
        }
    }

    @Test func aPostfixWhoseMailWaitsForADeadSignerIsNotFit() async throws {
        try await withTemporaryRoot { (files) async throws in
            let asked = Mutex(0)
            func check(port: String, waiting: String = "00000000", answers: Bool = true) throws {
                let text =
                    "  sl local rem st\n   0: 0100007F:\(port) 00000000:0000 0A 00000000:\(waiting) 0 0 0 0 1 1\n"
                try files.createDirectory("/proc/net")
                try files.replace("/proc/net/tcp", with: Array(text.utf8), attributes: FileAttributes())
                try PostfixFitness(
                    queue: "/var/spool/postfix",
                    leastFreeSpace: 0,
                    services: [],
                    signerPort: SignerEndpoint.port,
                    signerAnswers: { _ in
                        asked.withLock { $0 += 1 }
                        return answers
                    },
                    files: files
                ).check()
            }
            try check(port: "22BF")
            #expect(throws: DeadSigner.self) { try check(port: "22C0") }
            #expect(asked.withLock { $0 } == 0)
            // Connections wait, as many as a busy signer may have for a moment, or one that hangs.
            try check(port: "22BF", waiting: "0000000B")
            #expect(throws: DeadSigner.self) { try check(port: "22BF", waiting: "00000001", answers: false) }
            #expect(asked.withLock { $0 } == 2)
        }
    }
}
