import Host
import RelayNode
import Resources
import Settings
import SystemPackage
import Vocabulary

/// The work of the health unit when Postfix has started: it proves the relay, then publishes its health.
package struct HealthPublication: Sendable {
    private let gatherer: Gatherer
    private let host: HostAccess

    package init(gatherer: Gatherer, host: HostAccess) {
        self.gatherer = gatherer
        self.host = host
    }

    /// Proves that the node does its job and no more.
    ///
    /// - Parameter publishes: Whether to write the file that nginx serves to the health check.
    package func prove(publishes: Bool) async throws {
        if publishes, let order = try DrainOrders(files: host.files).current() { throw NodeIsLeaving(order: order) }
        if publishes { try HeldBack(files: host.files).check() }
        let verifier = NodeVerifier(
            probe: host.relay,
            selfTest: try await selfTest(publishes: publishes),
            files: host.files,
            runner: host.runner
        )
        guard publishes else {
            // A person's question changes nothing, not even the proof that the node is in service by.
            try await verifier.checkPolicy()
            return try await verifier.checkService()
        }
        // Postfix has just started, and read its files.
        try noteLoad()
        // The pass that starts the health unit has proven the relay just now.
        if try !verifier.isProven() { try await verifier.prove() }
        try await verifier.checkService()
        try KeptSelfTest(files: host.files).write(verifier.selfTest)
        let file = FilePath(NginxConfiguration.healthFile)
        try host.files.createDirectory(file.removingLastComponent())
        let text = Array("healthy\n".utf8)
        try host.files.replace(file, with: text, attributes: FileAttributes(), context: .webContent)
    }

    /// Whom the relay is to serve: as it was proven last since the boot, or else as settings and facts have it now.
    private func selfTest(publishes: Bool) async throws -> SelfTest {
        if publishes, let kept = KeptSelfTest(files: host.files).read() { return kept }
        let situation = try await gatherer.situation(for: "probe", isNamed: false)
        return try RelayNode(settings: situation.settings, facts: situation.facts).selfTest
    }

    private func noteLoad() throws {
        let loaded = LoadedConfiguration(files: host.files)
        try loaded.keep(try loaded.fingerprint())
    }
}

/// The node was told to leave its load balancers, so its health check is not to say 200.
package struct NodeIsLeaving: Error, CustomStringConvertible {
    let order: DrainOrder

    package var description: String {
        """
        this node was told to leave its load balancers (\(order.reason.rawValue)), so its health check still answers 503; \
        'smtp-relay-agent undrain' brings it back
        """
    }
}
