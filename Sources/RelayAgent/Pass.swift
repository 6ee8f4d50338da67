import Facts
import HTTP
import Host
package import Reconcile
import RelayNode
import Resources
import Settings
import SystemPackage
package import Vocabulary

/// A pass over the node: gather, compare, put right.
package struct Pass: Sendable {
    private let inputs: Inputs
    private let host: HostAccess
    private let aws: AWSAccess
    private let log: StepLog
    private let passwords: UpstreamPasswords

    /// Held while a pass is under way, whoever started it.
    private static let lock: FilePath = "/run/smtp-relay-agent/lock"

    package init(inputs: Inputs, host: HostAccess, aws: AWSAccess, log: StepLog) {
        self.inputs = inputs
        self.host = host
        self.aws = aws
        self.log = log
        self.passwords = UpstreamPasswords(files: host.files, aws: aws, log: log)
    }

    /// Converges the node, one pass at a time on the host.
    ///
    @discardableResult
    package func converge(_ request: PassRequest) async throws -> PassOutcome {
        let lock = try await HostLock.acquire(Self.lock, wait: .seconds(600), in: host.files) { holder in
            log.notice("lock", "another pass is under way: \(holder)")
        }
        defer { extendLifetime(lock) }
        let record = PassRecord(request.trigger, files: host.files)
        do {
            let outcome = try await converge(request, record)
            record.finish(request, changes: outcome.changes.count, failure: nil)
            return outcome
        } catch {
            record.finish(request, failure: error)
            throw error
        }
    }

    private func converge(_ request: PassRequest, _ record: PassRecord) async throws -> PassOutcome {
        let started = ContinuousClock.now
        let resources = try await resources(request, record: record)
        var changes: [Change] = []
        var failure: StepFailure?
        for group in resources.groups {
            do {
                changes += try await converge(group, request, record)
            } catch {
                // Each step of leaving is worth taking, also where one before it failed.
                guard resources.isLeaving else { throw error }
                failure = failure ?? error
                if group.count > 1 || resources.groups.count > 1 { log.failed(error.step, "\(error)") }
            }
        }
        if let failure { throw failure }
        tell(changes, of: resources, request, after: ContinuousClock.now - started)
        let services = try await resources.services.all()
        record.report(services)
        return PassOutcome(changes: changes, isLeaving: resources.isLeaving, services: services)
    }

    private func converge(
        _ resources: [any Resource],
        _ request: PassRequest,
        _ record: PassRecord
    ) async throws(StepFailure) -> [Change] {
        var stepStarted = ContinuousClock.now
        do throws(ReconcileFailure) {
            return try await Reconciler(resources).converge { event in
                record.observe(event)
                let elapsed = ContinuousClock.now - stepStarted
                switch event {
                case .inSync(let resource): log.unchanged(resource, after: elapsed)
                case .applying(let resource, let changes): log.started(resource, Self.summary(of: changes))
                case .applied(let resource, let changes):
                    log.done(resource, Self.summary(of: changes, diffs: request.showsDiffs), after: elapsed)
                }
                if case .applying = event { return }
                stepStarted = ContinuousClock.now
            }
        } catch {
            throw StepFailure(step: error.resource, cause: error.cause)
        }
    }

    /// What a pass would change.
    ///
    /// - Parameter facts: Facts from elsewhere, in place of this instance's.
    package func plan(facts: NodeFacts? = nil) async throws -> Plan {
        let resources = try await resources(PassRequest(trigger: "plan"), facts: facts)
        do throws(ReconcileFailure) {
            return try await Reconciler(resources.all).plan()
        } catch {
            throw StepFailure(step: error.resource, cause: error.cause)
        }
    }

    private func resources(
        _ request: PassRequest,
        facts given: NodeFacts? = nil,
        record: PassRecord? = nil
    ) async throws -> NodeResources {
        let facts = try await gatheredFacts(given, request.facts)
        let settings = try step("settings") { try inputs.settings(tags: facts.tags).settings }
        let orders = DrainOrders(files: host.files)
        var goal = NodeGoal.inService(waits: request.waitsInService)
        if given == nil {
            let notices = try await notices(request)
            if record != nil { try obey(notices, settings, orders) }
            goal = try NodeGoal(notices, order: orders.current(), waits: request.waitsInService)
        }
        // Elsewhere than on the node there is no password, and it would not be shown; a node that leaves has its last one.
        var password = given == nil ? nil : Secret("elsewhere")
        if given == nil, goal.order == nil { password = try await passwords.password(settings, facts, request) }
        let node = try step("settings") {
            try RelayNode(
                settings: settings,
                facts: facts,
                authorities: TrustRoots.systemBundle { host.files.exists(FilePath($0)) } ?? "",
                password: password,
                evacuation: goal.order?.evacuateTo
            )
        }
        let resources = NodeResources(
            node,
            goal: goal,
            settings: settings,
            facts: facts,
            host: host,
            aws: aws,
            log: log,
            request: request,
            report: { record?.report($0) }
        )
        if record != nil, let certificate = settings.mail.certificate { warn(of: certificate) }
        record?.begin(facts, order: goal.order, parts: resources.all.map(\.name), isWhole: request.facts == .current)
        return resources
    }

    /// The last line of a command; of a resident agent's passes, only of those that did something.
    private func tell(_ changes: [Change], of resources: NodeResources, _ request: PassRequest, after time: Duration) {
        guard request.agent == nil || !changes.isEmpty else { return }
        let state = resources.isLeaving ? "the node is out of its load balancers" : "the node is as it should be"
        let count = resources.all.count
        let seconds = "(\(time.inHundredths) s)"
        switch changes.count {
        case 0 where resources.isLeaving: log.summary("nothing to do: \(state) \(seconds)")
        case 0: log.summary("nothing to do: all \(count) parts are as they should be \(seconds)")
        case 1: log.summary("1 change made; \(state) \(seconds)")
        case let number: log.summary("\(number) changes made; \(state) \(seconds)")
        }
    }

    private func notices(_ request: PassRequest) async throws -> InstanceNotices {
        do {
            return try await inputs.notices(request.facts)
        } catch {
            throw StepFailure(step: "facts", cause: error)
        }
    }

    /// A certificate that ends while Postfix runs is no reason to leave its senders without a relay, but to be told.
    private func warn(of certificate: CertificateFiles) {
        do {
            let end = try CertificateCheck(files: host.files).end(of: certificate, at: Timestamp.seconds)
            guard end < Timestamp.seconds + Self.renewalTime else { return }
            log.warning("postfix", "\(certificate.certificate) ends on \(Timestamp(secondsSinceEpoch: end)): renew it")
        } catch {
            log.warning("postfix", "\(error)")
        }
    }

    /// Three weeks in seconds: those who renew by themselves do so earlier.
    private static let renewalTime = 21 * 86400

    /// Turns what AWS announces into an order to leave, once.
    private func obey(_ notices: InstanceNotices, _ settings: NodeSettings, _ orders: DrainOrders) throws {
        for event in notices.maintenance { log.warning("facts", "EC2 has scheduled maintenance: \(event)") }
        if notices.rebalanceRecommendation != nil, !settings.shutdown.drainOnRebalance {
            log.warning("facts", "EC2 recommends to replace this instance (shutdown.drain_on_rebalance is false)")
        }
        guard let reason = notices.reasonToLeave(settings.shutdown), try orders.current() == nil else { return }
        guard try orders.isNews("\(reason.rawValue) \(notices.spotAction ?? "")") else { return }
        log.warning("drain", "leaving: \(reason.rawValue)\(notices.spotAction.map { " (\($0))" } ?? "")")
        try orders.give(DrainOrder(reason))
    }

    private func gatheredFacts(_ given: NodeFacts?, _ age: Inputs.Age) async throws -> NodeFacts {
        if let given { return given }
        let started = ContinuousClock.now
        log.started("facts", "reading instance metadata")
        do {
            let facts = try await inputs.facts(age)
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

    private static func summary(of changes: [Change], diffs: Bool = false) -> String {
        let summary = changes.map(\.summary).joined(separator: ", ")
        let texts = diffs ? changes.compactMap(\.diff) : []
        return ([summary] + texts.flatMap { $0.split(separator: "\n").map(String.init) }).joined(separator: "\n")
    }
}

/// A step of the work that failed, and why.
package struct StepFailure: Error, CustomStringConvertible {
    package let step: String
    package let cause: any Error

    package var description: String { "\(cause)" }
}
