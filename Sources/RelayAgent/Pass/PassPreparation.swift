import AgentLog
import Facts
import HTTP
import Host
import Reconcile
import RelayNode
import Resources
import Settings
import SystemPackage
import Vocabulary

/// What comes before a pass can compare anything: facts, settings, what AWS announces, and where that takes the node.
struct PassPreparation: Sendable {
    let inputs: Inputs
    let host: HostAccess
    let aws: AWSAccess
    let log: StepLog
    let passwords: UpstreamPasswords

    /// The parts of the host as they should be, for a look at them that changes nothing.
    ///
    /// - Parameter given: Facts from elsewhere, in place of this instance's.
    /// - Throws: A `StepFailure`, or a `FileFailure` of what the agent keeps.
    func resources(_ request: PassRequest, facts given: NodeFacts? = nil) async throws -> any NodeParts {
        switch try StepFailure.naming("settings", { try inputs.role() }) {
        case .relay:
            let facts = if let given { given } else { try await facts(request.facts) }
            return try await relay(request, facts: facts, isGiven: given != nil, record: nil)
        case .sender(let resolved): return try await sender(resolved.settings, request, record: nil)
        }
    }

    /// The same for a pass that puts them right. Where settings or metadata are in the way, it goes by what they said last.
    ///
    /// - Parameter record: Where to write down what the pass sees.
    /// - Returns: The parts, and what was in the way.
    /// - Throws: Where nothing is known to go by.
    func resources(_ request: PassRequest, record: PassRecord) async throws -> (any NodeParts, [StepFailure]) {
        var failures: [StepFailure] = []
        func inTheWay(_ step: String, _ error: any Error) {
            failures.append(error as? StepFailure ?? StepFailure(step: step, cause: error))
        }
        do {
            if let slip = try inputs.settle() { inTheWay("settings", slip) }
        } catch {
            throw StepFailure(step: "settings", cause: error)
        }
        switch try StepFailure.naming("settings", { try inputs.role() }) {
        case .sender(let resolved):
            return (try await sender(resolved.settings, request, record: record), failures)
        case .relay:
            let facts: NodeFacts
            do {
                // Who leaves has better things to do with its time.
                let isHurried = request.agent != nil || (try? DrainOrders(files: host.files).current()) != nil
                let isKnown = isHurried && inputs.lastFacts() != nil
                facts = try await self.facts(request.facts, patience: isKnown ? Self.patience : nil)
            } catch {
                guard let last = inputs.lastFacts() else { throw error }
                inTheWay("facts", error)
                facts = last
            }
            do {
                return (try await relay(request, facts: facts, isGiven: false, record: record), failures)
            } catch let failure where failure.isOfSettings && !failures.contains(where: \.isOfSettings) {
                // A tag, or a network, may be what is wrong.
                guard let slip = try? inputs.standIn(because: failure) else { throw failure }
                inTheWay("settings", slip)
                return (try await relay(request, facts: facts, isGiven: false, record: record), failures)
            }
        }
    }

    private func sender(
        _ settings: SenderSettings,
        _ request: PassRequest,
        record: PassRecord?
    ) async throws -> SenderParts {
        let parts = SenderParts(settings, authorities: authorities, host: host, log: log, request: request)
        try await SenderCheck(parts.postfix, host: host, log: log).check()
        record?.begin(settings, system: OperatingSystem(files: host.files), parts: parts.all.map(\.name))
        return parts
    }

    private var authorities: String {
        TrustRoots.systemBundle { host.files.exists(FilePath($0)) } ?? ""
    }

    private func relay(
        _ request: PassRequest,
        facts: NodeFacts,
        isGiven: Bool,
        record: PassRecord?
    ) async throws -> NodeResources {
        let settings = try StepFailure.naming("settings") { try inputs.settings(tags: facts.tags).settings }
        let orders = DrainOrders(files: host.files)
        var goal = NodeGoal.inService(waits: request.waitsInService)
        var isTermination = false
        if !isGiven {
            let (notices, isFresh) = try await notices(request.facts, isStrict: record == nil)
            isTermination = notices.isTermination
            if record != nil {
                try await OtherInstance(host: host, log: log).settle(on: facts.instanceID)
                for event in notices.maintenance { log.warning("facts", "EC2 has scheduled maintenance: \(event)") }
                let announced = AnnouncedOrders(orders: orders, log: log)
                // What metadata does not announce any more is over.
                if isFresh, request.facts == .current { try await announced.end(without: notices, settings.shutdown) }
                try await announced.obey(notices, settings.shutdown)
            }
            let order = try orders.current().flatMap { $0.isForeign(to: facts.instanceID) ? nil : $0 }
            if record != nil, order?.reason == .newer { log.warning("drain", Self.newerOrder) }
            goal = NodeGoal(notices, order: order, waits: request.waitsInService)
        }
        // Elsewhere than on the node there is no password, and it would not be shown; a node that leaves has its last one.
        var password = isGiven ? Secret("elsewhere") : nil
        if !isGiven, goal.order == nil { password = try await passwords.password(settings, facts, request) }
        let node = try StepFailure.naming("settings") {
            try RelayNode(
                settings: settings,
                facts: facts,
                authorities: authorities,
                password: password,
                leaving: goal.order?.routes
            )
        }
        for range in node.allowed.leftOut { log.warning("settings", range.whyLeftOut) }
        let resources = NodeResources(
            node,
            goal: goal,
            isTermination: isTermination,
            settings: settings,
            facts: facts,
            host: host,
            aws: aws,
            log: log,
            request: request,
            report: { record?.report($0) },
            probes: ProbeObserver { record?.report($0) },
            isToLeave: { [inputs] in
                if (try? orders.current()) != nil { return true }
                return (try? await inputs.isToldToEnd()) ?? false
            }
        )
        if record != nil {
            if let certificate = settings.mail.certificate { warn(of: certificate) }
            // Without room for it, the pass goes on as well. Settings of a command's own are not those of later passes.
            if !request.hasOwnSettings { try? inputs.keep(facts, tags: facts.tags) }
        }
        record?.begin(facts, order: goal.order, parts: resources.all.map(\.name), isWhole: request.facts == .current)
        return resources
    }

    private static let newerOrder = """
        a newer version of this program has ordered the node out of its load balancers, and it stays out; \
        'smtp-relay-agent undrain' brings it back
        """

    /// A resident agent that has facts to go by, and a node that leaves with them, does not wait for long for others.
    private static let patience: Duration = .seconds(5)

    private func facts(_ age: Inputs.Age, patience: Duration? = nil) async throws(StepFailure) -> NodeFacts {
        let started = ContinuousClock.now
        log.started("facts", "reading instance metadata")
        do {
            let facts = try await inputs.facts(age, patience: patience)
            let networks = facts.vpcNetworks.map(\.description).joined(separator: ", ")
            let what =
                "\(facts.instanceID), \(facts.privateAddress) in \(facts.vpcID) (\(networks))"
                + (facts.publicName.map { ", \($0) in DNS" } ?? "")
            log.gathered("facts", what, after: ContinuousClock.now - started)
            return facts
        } catch {
            throw StepFailure(step: error is SettingsProblems ? "settings" : "facts", cause: error)
        }
    }

    /// - Parameter isStrict: Whether metadata has to answer; otherwise what it said last counts.
    /// - Returns: The notices, and whether metadata has said so now.
    private func notices(
        _ age: Inputs.Age,
        isStrict: Bool
    ) async throws(StepFailure) -> (InstanceNotices, isFresh: Bool) {
        do {
            return (try await inputs.notices(age), true)
        } catch {
            guard isStrict else { return (inputs.lastNotices(), false) }
            throw StepFailure(step: "facts", cause: error)
        }
    }

    /// An expired certificate does not stop the relay; it is only reported.
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
}
