import Host
package import Reconcile
import RelayNode
import Settings
import SystemPackage
package import Vocabulary

/// A pass over the node: gather, compare, put right.
package struct Pass: Sendable {
    private let inputs: Inputs
    private let host: HostAccess
    private let aws: AWSAccess
    private let log: StepLog

    /// Held while a pass is under way, whoever started it.
    private static let lock: FilePath = "/run/smtp-relay-agent/lock"

    package init(inputs: Inputs, host: HostAccess, aws: AWSAccess, log: StepLog) {
        self.inputs = inputs
        self.host = host
        self.aws = aws
        self.log = log
    }

    /// Converges the node, one pass at a time on the host.
    ///
    /// - Returns: Every change that was made.
    package func converge() async throws -> [Change] {
        let started = ContinuousClock.now
        let lock = try await HostLock.acquire(Self.lock, wait: .seconds(600), in: host.files) { holder in
            log.notice("lock", "another pass is under way: \(holder)")
        }
        defer { extendLifetime(lock) }
        let resources = try await resources()
        var stepStarted = ContinuousClock.now
        do throws(ReconcileFailure) {
            let changes = try await Reconciler(resources).converge { event in
                let elapsed = ContinuousClock.now - stepStarted
                switch event {
                case .inSync(let resource): log.unchanged(resource, after: elapsed)
                case .applying(let resource, let changes): log.started(resource, Self.summary(of: changes))
                case .applied(let resource, let changes): log.done(resource, Self.summary(of: changes), after: elapsed)
                }
                if case .applying = event { return }
                stepStarted = ContinuousClock.now
            }
            log.summary(Self.summary(changes, resources: resources.count, after: ContinuousClock.now - started))
            return changes
        } catch {
            throw StepFailure(step: error.resource, cause: error.cause)
        }
    }

    /// What a pass would change.
    ///
    /// - Parameter facts: Facts from elsewhere, in place of this instance's.
    package func plan(facts: NodeFacts? = nil) async throws -> Plan {
        let resources = try await resources(facts: facts)
        do throws(ReconcileFailure) {
            return try await Reconciler(resources).plan()
        } catch {
            throw StepFailure(step: error.resource, cause: error.cause)
        }
    }

    private func resources(facts given: NodeFacts? = nil) async throws -> [any Resource] {
        let facts = try await gatheredFacts(given)
        let settings = try step("settings") { try inputs.settings(tags: facts.tags).settings }
        let node = try step("settings") { try RelayNode(settings: settings, facts: facts) }
        return NodeResources(node, settings: settings, facts: facts, host: host, aws: aws, log: log).all
    }

    private func gatheredFacts(_ given: NodeFacts?) async throws -> NodeFacts {
        if let given { return given }
        let started = ContinuousClock.now
        log.started("facts", "reading instance metadata")
        do {
            let facts = try await inputs.facts()
            let networks = facts.vpcNetworks.map(\.description).joined(separator: ", ")
            let what = "\(facts.instanceID), \(facts.privateAddress) in \(facts.vpcID) (\(networks))"
            log.gathered("facts", what, after: ContinuousClock.now - started)
            return facts
        } catch {
            throw StepFailure(step: error is SettingsProblems ? "settings" : "facts", cause: error)
        }
    }

    private func step<Result>(_ name: String, _ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch {
            throw StepFailure(step: name, cause: error)
        }
    }

    private static func summary(of changes: [Change]) -> String {
        changes.map(\.summary).joined(separator: ", ")
    }

    private static func summary(_ changes: [Change], resources: Int, after duration: Duration) -> String {
        let time = "\(duration.inHundredths) s"
        guard !changes.isEmpty else { return "nothing to do: all \(resources) parts are as they should be (\(time))" }
        return
            "\(changes.count) \(changes.count == 1 ? "change" : "changes") made; the node is as it should be (\(time))"
    }
}

/// A step of the work that failed, and why.
package struct StepFailure: Error, CustomStringConvertible {
    package let step: String
    package let cause: any Error

    package var description: String { "\(cause)" }
}
