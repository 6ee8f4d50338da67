import Host
import RelayNode
import Resources
import Settings
import SystemPackage
import Vocabulary

/// What the health unit does when Postfix has started: prove the relay, then publish its health.
package struct HealthPublication: Sendable {
    private let inputs: Inputs
    private let host: HostAccess

    package init(inputs: Inputs, host: HostAccess) {
        self.inputs = inputs
        self.host = host
    }

    /// Proves that the node does its job and no more.
    ///
    /// - Parameter publishes: Whether to write the file that nginx serves to the health check.
    package func prove(publishes: Bool) async throws {
        let facts = try await inputs.facts(isNamed: false)
        let settings = try inputs.settings(tags: facts.tags).settings
        let node = try RelayNode(settings: settings, facts: facts)
        let verifier = NodeVerifier(probe: host.relay, selfTest: node.selfTest, files: host.files)
        // The pass that starts the health unit has proven the relay just now.
        let isProven = publishes ? try verifier.isProven() : false
        if !isProven { try await verifier.prove() }
        try await verifier.checkService()
        guard publishes else { return }
        let file = FilePath(NginxConfiguration.healthFile)
        try host.files.createDirectory(file.removingLastComponent())
        let text = Array("healthy\n".utf8)
        try host.files.replace(file, with: text, attributes: FileAttributes(), context: .webContent)
    }
}
