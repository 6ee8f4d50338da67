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

/// The preparation of a pass: settings, facts and announcements, and the goal that follows from them.
struct PassPreparation: Sendable {
    let gatherer: Gatherer
    let host: HostAccess
    let aws: AWSAccess
    let log: StepLog
    let passwords: UpstreamPasswords
    let keys: SigningKeys

    private var preparation: SettingsPreparation {
        SettingsPreparation(gatherer: gatherer, host: host, aws: aws, log: log)
    }

    /// The parts of the host as they should be, for a look at them that changes nothing.
    ///
    /// - Parameters:
    ///   - given: Facts from elsewhere, in place of this instance's.
    ///   - place: A place of the fleet's settings to go by, in place of the version in force.
    /// - Throws: A `StepFailure`, or a `FileFailure` of what the agent keeps.
    func resources(
        _ request: PassRequest,
        facts given: InstanceFacts? = nil,
        fleet place: FleetPlace? = nil
    ) async throws -> HostParts {
        let settings = gatherer.current()
        if place != nil, settings.early.role == .sender { throw NotARelay(command: "plan --config ssm:...") }
        if settings.early.role == .sender { return .sender(try await sender(settings, record: nil)) }
        if let given {
            let complete = try await preparation.withFleet(settings, given, from: place)
            preparation.warnOfTags(complete, given)
            let resolved = try preparation.relaySettings(complete, given)
            let account = aws.account(of: given, resolved.metadata)
            let situation = Situation(resolved, given, account, waits: request.waitsInService)
            // Elsewhere than on the node there is no password, and it would not be shown.
            return .relay(try relay(situation, request, password: Secret("elsewhere"), record: nil))
        }
        let problems = settings.early.problemsOfHost
        guard problems.isEmpty else {
            throw StepFailure(step: "settings", cause: SettingsProblems(problems: problems))
        }
        let metadata = gatherer.metadata(settings).reader()
        let facts = try await facts(request.scope, from: metadata)
        let complete = try await preparation.withFleet(settings, facts, from: place)
        preparation.warnOfTags(complete, facts)
        return .relay(try await relay(complete, facts, metadata, request, record: nil))
    }

    /// The same for a pass that puts them right. Where settings or metadata are in the way, it goes by what they said last.
    ///
    /// - Parameter record: Where to write down what the pass sees.
    /// - Returns: The parts, and what was in the way.
    /// - Throws: Where nothing is known to go by.
    func resources(_ request: PassRequest, record: PassRecord) async throws -> (HostParts, [StepFailure]) {
        var failures: [StepFailure] = []
        func inTheWay(_ step: String, _ error: any Error) {
            failures.append(error as? StepFailure ?? StepFailure(step: step, cause: error))
        }
        let (settings, slip) = try StepFailure.naming("settings") { try gatherer.settle() }
        if let slip { inTheWay("settings", slip) }
        if settings.early.role == .sender { return (.sender(try await sender(settings, record: record)), failures) }

        // A node that leaves has better things to do with its time.
        let isHurried = request.agent != nil || (try? DrainOrders(files: host.files).current()) != nil
        let isKnown = isHurried && gatherer.lastFacts() != nil
        let metadata = gatherer.metadata(settings).reader(within: isKnown ? Gatherer.patience : nil)
        let facts: InstanceFacts
        do {
            // A pass over the host alone could go by the facts that are known.
            if gatherer.memory.facts != nil { request.progress?.beginWaiting() }
            facts = try await self.facts(request.scope, from: metadata)
        } catch {
            // The host has something more urgent, and the next pass asks again.
            try Task.checkCancellation()
            guard let last = gatherer.lastFacts() ?? preparation.factsWithLastTags(error) else { throw error }
            inTheWay("facts", error)
            facts = last
        }
        do {
            let renewed = try await preparation.renewed(settings, facts, request, record)
            if let wrong = try preparation.wrongTags(renewed, facts) { inTheWay("settings", wrong) }
            var request = request
            let store = FleetStore(files: host.files)
            request.isTrial = record.fleet.map { store.versions(of: $0.place).canGoBack } ?? false
            gatherer.memory.isTrial = request.isTrial
            return (.relay(try await relay(renewed, facts, metadata, request, record: record)), failures)
        } catch let failure where failure.isOfSettings && slip == nil {
            // A tag, or a network, may be what is wrong.
            guard let last = try? gatherer.standIn(because: failure) else { throw failure }
            inTheWay("settings", failure)
            return (.relay(try await relay(last, facts, metadata, request, record: record)), failures)
        }
    }

    private func sender(
        _ inForce: SettingsInForce,
        record: PassRecord?
    ) async throws -> SenderParts {
        guard case .sender(let resolved) = try StepFailure.naming("settings", { try inForce.early.inForce() }) else {
            preconditionFailure("a role that depends on who asks for it")
        }
        let settings = resolved.settings
        gatherer.memory.resident = ResidentSettings(settings)
        let parts = SenderParts(settings, authorities: preparation.authorities, host: host, log: log)
        try await SenderCheck(parts.postfix, host: host, log: log).check()
        record?.begin(settings, system: OperatingSystem(files: host.files), parts: parts.base.map(\.name))
        return parts
    }

    /// The parts of a relay, with what is announced to it and ordered.
    private func relay(
        _ inForce: SettingsInForce,
        _ facts: InstanceFacts,
        _ metadata: MetadataReader,
        _ request: PassRequest,
        record: PassRecord?
    ) async throws -> RelayParts {
        let settings = try preparation.relaySettings(inForce, facts)
        gatherer.memory.resident = ResidentSettings(settings)
        let orders = DrainOrders(files: host.files)
        let (notices, isFresh) = try await notices(request.scope, from: metadata, isStrict: record == nil)
        try Task.checkCancellation()
        request.progress?.endWaiting()
        if record != nil {
            try await OtherInstance(host: host, log: log).settle(on: facts.instanceID)
            for event in notices.maintenance { log.warning("facts", "EC2 has scheduled maintenance: \(event)") }
            let announced = AnnouncedOrders(orders: orders, log: log)
            // An order ends when metadata does not announce its cause any more.
            if isFresh, request.scope == .everything { try await announced.end(without: notices, settings.shutdown) }
            // AWS may have withdrawn a remembered announcement, and the node obeyed it when it was read.
            if isFresh { try await announced.obey(notices, settings.shutdown) }
        }
        let order = try orders.current().flatMap { $0.isForeign(to: facts.instanceID) ? nil : $0 }
        if record != nil, order?.reason == .newer { log.warning("drain", Self.newerOrder) }
        let situation = Situation(
            settings,
            facts,
            aws.account(of: facts, settings.metadata),
            goal: NodeGoal(notices, order: order, waits: request.waitsInService),
            isTermination: notices.isTermination
        )
        // A node that leaves has its last password.
        let password = situation.goal.order == nil ? try await passwords.password(situation, request) : nil
        let signing =
            situation.goal.order == nil ? try await keys.choice(situation, request, keeps: record != nil) : nil
        let resources = try relay(situation, request, password: password, signing: signing, record: record)
        if let record {
            if let certificate = settings.mail.certificate { warn(of: certificate) }
            // Without room for it, the pass goes on as well. Settings of a command's own are not those of later passes.
            if !request.hasOwnSettings { try? gatherer.keep(inForce, facts) }
            let isWhole = request.scope == .everything
            record.allows(settings.loadBalancer.timeout)
            record.begin(facts, order: situation.goal.order, parts: resources.all.map(\.name), isWhole: isWhole)
        }
        return resources
    }

    private func relay(
        _ situation: Situation,
        _ request: PassRequest,
        password: Secret?,
        signing: SigningKeyChoice? = nil,
        record: PassRecord?
    ) throws -> RelayParts {
        let node = try StepFailure.naming("settings") {
            try RelayNode(
                settings: situation.settings,
                facts: situation.facts,
                authorities: preparation.authorities,
                password: password,
                leaving: situation.goal.order?.routes
            )
        }
        for range in node.allowed.leftOut { log.warning("settings", range.whyLeftOut) }
        return RelayParts(
            node,
            situation,
            signing: signing,
            host: host,
            log: log,
            request: request,
            report: { record?.report($0) },
            probes: ProbeObserver { record?.report($0) },
            isToLeave: { [gatherer, orders = DrainOrders(files: host.files)] in
                if (try? orders.current()) != nil { return true }
                return (try? await gatherer.isToldToEnd()) ?? false
            }
        )
    }

    private static let newerOrder = """
        a newer version of this program has ordered the node out of its load balancers, and it stays out; \
        'smtp-relay-agent undrain' brings it back
        """

    private func facts(_ scope: PassScope, from metadata: MetadataReader) async throws(StepFailure) -> InstanceFacts {
        let started = ContinuousClock.now
        log.started("facts", "reading instance metadata")
        do {
            let facts = try await gatherer.facts(scope, from: metadata)
            let networks = facts.vpcNetworks.map(\.description).joined(separator: ", ")
            let what =
                "\(facts.instanceID), \(facts.privateAddress) in \(facts.vpcID) (\(networks))"
                + (facts.publicName.map { ", \($0) in DNS" } ?? "")
            log.gathered("facts", what, after: ContinuousClock.now - started)
            return facts
        } catch {
            throw StepFailure(step: "facts", cause: error)
        }
    }

    /// - Parameter isStrict: Whether metadata has to answer; otherwise what it said last counts.
    /// - Returns: The notices, and whether metadata has said so now.
    private func notices(
        _ scope: PassScope,
        from metadata: MetadataReader,
        isStrict: Bool
    ) async throws(StepFailure) -> (InstanceNotices, isFresh: Bool) {
        do {
            let isFresh = scope == .everything || gatherer.memory.notices == nil
            return (try await gatherer.notices(scope, from: metadata), isFresh)
        } catch {
            guard isStrict else { return (gatherer.memory.notices ?? InstanceNotices(), false) }
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
