import AWS
import Facts
import Host
import Reconcile
import RelayNode
import Resources
import SystemPackage
import Units
import Vocabulary

/// The parts of a relay node.
struct NodeResources: NodeParts {
    let node: RelayNode
    let goal: NodeGoal
    let settings: NodeSettings
    let facts: NodeFacts
    let host: HostAccess
    let aws: AWSAccess
    let log: StepLog
    let request: PassRequest
    let report: @Sendable (MembershipReport) -> Void
    let probes: ProbeObserver

    let services: ServiceBoard
    /// What ends a termination by Auto Scaling, once the node has left as far as it can; `nil` where nothing waits for it.
    let terminationHook: TerminationHook?
    private let rivals: [MailTransferAgent.Rival]
    private let deadline: ContinuousClock.Instant
    /// What of the time to leave is kept for the termination hook.
    private static let reserve: Duration = .seconds(5)

    private static let postfix = ServiceName("postfix")
    private static let nginx = ServiceName("nginx")
    private static let health = ServiceName(Units.health.name)
    private static let timer = ServiceName(Units.reconcileTimer.name)
    private static let agent = ServiceName(Units.agent.name)

    init(
        _ node: RelayNode,
        goal: NodeGoal,
        isTermination: Bool,
        settings: NodeSettings,
        facts: NodeFacts,
        host: HostAccess,
        aws: AWSAccess,
        log: StepLog,
        request: PassRequest,
        report: @escaping @Sendable (MembershipReport) -> Void,
        probes: ProbeObserver
    ) {
        self.node = node
        self.goal = goal
        self.settings = settings
        self.facts = facts
        self.host = host
        self.aws = aws
        self.log = log
        self.request = request
        self.report = report
        self.probes = probes
        self.rivals = MailTransferAgent.Rival.all(files: host.files)
        self.services = ServiceBoard(
            manager: host.services,
            services: [Self.postfix, Self.nginx, Self.health, Self.timer, Self.agent],
            others: rivals.map(\.service)
        )
        // Leaving has its time from the order on; a later pass over a node that has left only looks again.
        let left = goal.order.map { settings.shutdown.drainTimeout - .seconds(Timestamp.seconds - $0.since) }
        let end = ContinuousClock.now + max(left ?? .zero, .seconds(5))
        // A look at the host alone does not leave the load balancers, so it is not the last word either.
        guard goal.order != nil, isTermination, request.facts == .current, let hook = settings.terminationHook else {
            self.deadline = end
            self.terminationHook = nil
            return
        }
        self.deadline = end - Self.reserve
        self.terminationHook = TerminationHook(
            hook,
            of: HookedInstance(
                facts.instanceID,
                hook: hook,
                transition: .termination,
                autoScaling: aws.autoScaling(
                    region: facts.region,
                    domain: facts.servicesDomain,
                    metadata: aws.metadata(settings.metadata)
                )
            ),
            files: host.files,
            deadline: end,
            notice: { log.warning("lifecycle hook \(hook)", $0) }
        )
    }

    var isLeaving: Bool { goal.order != nil }

    /// Whether the time that leaving may take is used up.
    var isTimeUp: Bool { ContinuousClock.now >= deadline }

    var stages: [[Chain]] {
        guard let terminationHook else { return ownStages }
        return ownStages + [[[terminationHook]]]
    }

    private var ownStages: [[Chain]] {
        let memberships = memberships
        guard let order = goal.order else { return [[base + [health(as: nil, mayPublish: true)]], memberships] }
        let file = FilePath(NginxConfiguration.healthFile)
        var stages: [[Chain]] = [[[WithdrawnHealth(file: file, files: host.files)]]]
        // Nothing of what is left to the node matters to anyone, and Postfix goes on trying to deliver by itself.
        if order.doneAt != nil { return stages }
        stages.append(memberships)
        // Who has left by hand may come back at any time; the others are about to end. It comes before the queue is handed
        // over, since it knows of no way that is found only then, and would take it out of main.cf again.
        if !order.reason.isForGood, !request.isShutdown { stages.append([base]) }
        return stages + [[[queue(order)]]]
    }

    /// Has told what the load balancers make of a node that does not work, and has it leave those that it must not be in.
    /// What goes wrong with that is not what is wrong.
    func look(because failure: StepFailure?) async {
        let reason = failure.map { "\($0.step): \($0)" } ?? "it does not work"
        for membership in memberships(.leftAlone(because: reason)) {
            guard case .drifted(let drift)? = try? await membership.check() else { continue }
            do {
                try await drift.apply()
            } catch {
                log.failed(membership.name, "\(error)")
            }
        }
    }

    /// The host's own parts.
    var base: [any Resource] { [folders, labels, packages, units, mailTransferAgent, postfix, nginx] }

    var folders: OwnFolders { OwnFolders(files: host.files) }

    var labels: any Resource {
        SecurityLabels(files: host.files, runner: host.runner, warn: { log.warning("selinux", $0) }).resource
    }

    var packages: PackagesResource {
        PackagesResource(
            node.packages,
            manager: host.packages,
            files: host.files,
            // The resident agent tries again soon, and has other things to see to meanwhile.
            timeout: request.agent == nil ? settings.packages.timeout : min(settings.packages.timeout, Self.patience),
            onWait: { log.notice("packages", "waiting for \($0)") }
        )
    }

    private static let patience: Duration = .seconds(5)

    /// Whether Postfix runs, as far as its service manager knows.
    var isPostfixUp: Bool {
        get async { (try? await services.state(of: Self.postfix).isActive) ?? false }
    }

    /// Whether there is anything to serve mail by.
    var isPostfixInstalled: Bool { RequiredPackage.postfix.files.contains { host.files.exists(FilePath($0)) } }

    var units: UnitFiles {
        UnitFiles(
            Units.all(on: host.services.system),
            enabled: [Self.health],
            running: [settings.reconcile.resident ? Self.agent : Self.timer],
            stopped: [settings.reconcile.resident ? Self.timer : Self.agent],
            services: services,
            files: host.files
        )
    }

    var mailTransferAgent: MailTransferAgent {
        MailTransferAgent(
            ports: node.postfix.ports,
            rivals: rivals,
            services: services,
            runner: host.runner,
            files: host.files,
            keep: { [files = host.files] in try ServicesBefore(files: files).keep($0) },
            notice: { log.warning("mta", $0) }
        )
    }

    var postfix: ConfiguredService {
        ConfiguredService(
            PostfixService(node.postfix, runner: host.runner, relay: host.relay, files: host.files),
            services: services,
            files: host.files
        )
    }

    var nginx: ConfiguredService {
        ConfiguredService(
            NginxService(
                node.nginx,
                runner: host.runner,
                endpoint: HTTPHealthCheck(settings, transport: host.transport),
                files: host.files
            ),
            services: services,
            files: host.files
        )
    }

    /// - Parameters:
    ///   - test: Whom the relay is to serve, where that is not what the settings say now.
    ///   - mayPublish: Whether the node may come into service.
    func health(as test: SelfTest?, mayPublish: Bool) -> HealthEndpoint {
        HealthEndpoint(
            verifier: NodeVerifier(
                probe: host.relay,
                selfTest: test ?? node.selfTest,
                files: host.files,
                runner: host.runner,
                observer: probes
            ),
            mayPublish: mayPublish,
            publisher: Self.health,
            file: FilePath(NginxConfiguration.healthFile),
            answer: HTTPHealthCheck(settings, transport: host.transport),
            services: services,
            files: host.files
        )
    }

    var memberships: [Chain] { memberships(goal.membership).map { [$0] } }

    private func memberships(_ goal: MembershipGoal) -> [any Resource] {
        // A look at the host alone, as after a change of a file, leaves the account's API limit to others.
        guard request.facts == .current else { return [] }
        let reconcile = settings.reconcile
        let period = AdmissionPeriod(pace: reconcile.interval + reconcile.jitter, isAnew: request.asksAnew)
        return places.map { place in
            Membership(
                place,
                goal: goal,
                admission: Admission(aws.admissions, period),
                timeout: settings.loadBalancer.timeout,
                door: QuietDoor(SMTPConnections(files: host.files), deadline: deadline),
                observer: MembershipObserver(notice: { log.warning(place.name, $0) }, report: report)
            )
        }
    }

    /// Every load balancer that the node is to be in. A node that leaves hands its mail over through the first that has
    /// somebody to take it.
    private var places: [any LoadBalancerPlace] { Self.places(facts, settings, node.allowed, host, aws) }

    /// Every load balancer that a node is to be in, of each kind.
    static func places(
        _ facts: NodeFacts,
        _ settings: NodeSettings,
        _ allowed: AllowedNetworks,
        _ host: HostAccess,
        _ aws: AWSAccess
    ) -> [any LoadBalancerPlace] {
        let (region, domain, metadata) = (facts.region, facts.servicesDomain, aws.metadata(settings.metadata))
        let node = RelayInstance(
            facts,
            settings,
            isAllowed: allowed.contains(facts.privateAddress),
            securityGroups: { try await metadata.securityGroups(of: facts.mac) }
        )
        let ec2 = aws.ec2(region: region, domain: domain, metadata: metadata)
        let elb = aws.elb(region: region, domain: domain, metadata: metadata)
        let elbV2 = aws.elbV2(region: region, domain: domain, metadata: metadata)
        let isOpenAllowed = settings.loadBalancer.allowOpenToWorld
        return settings.loadBalancer.classic.map {
            ClassicPlace(
                $0,
                node: node,
                allowOpenToWorld: isOpenAllowed,
                elb: elb,
                ec2: ec2
            )
        }
            + settings.loadBalancer.targetGroups.map {
                TargetGroupPlace(
                    $0,
                    node: node,
                    allowOpenToWorld: isOpenAllowed,
                    elb: elbV2,
                    ec2: ec2,
                    postfix: { await PostfixVersion.installed(host.runner) }
                )
            }
    }

    private func queue(_ order: DrainOrder) -> any Resource {
        QueueEvacuation(
            address: { try await evacuationAddress(order) },
            files: host.files,
            runner: host.runner,
            deadline: deadline,
            notice: { log.warning("queue", $0) }
        )
    }

    /// The load balancer's own address, as Postfix writes a relayhost. It is written down first: every pass that finds
    /// the order also finds where the mail goes.
    private func evacuationAddress(_ order: DrainOrder) async throws -> String? {
        guard settings.shutdown.evacuateQueue else { return nil }
        if let known = order.evacuateTo { return known }
        guard let address = await wayToOthers() else { return nil }
        var order = order
        order.evacuateTo = address
        try DrainOrders(files: host.files).give(order)
        return address
    }

    private func wayToOthers() async -> String? {
        for place in places {
            do {
                if let address = try await place.wayToOthers() { return address }
                log.warning("queue", "\(place.name) has no other relay that could take this node's mail")
            } catch {
                log.warning("queue", "\(place.name) can't take this node's mail: \(error)")
            }
        }
        return nil
    }
}
