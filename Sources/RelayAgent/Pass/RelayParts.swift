import AWS
import AgentLog
import Facts
import Host
import Reconcile
import RelayNode
import Resources
import SystemPackage
import Units
import Vocabulary

/// The parts of a relay node.
struct RelayParts: Sendable {
    let node: RelayNode
    let situation: Situation
    /// The keys that mail is signed with; `nil` where it is not, or where the signer goes on with those that it has.
    let signing: SigningKeyChoice?
    let host: HostAccess
    let log: StepLog
    let request: PassRequest
    let report: @Sendable (MembershipReport) -> Void
    let probes: ProbeObserver

    let services: ServiceBoard
    /// The hook that waits for the end of a departure; `nil` where none waits.
    let terminationHook: TerminationHook?
    /// The time that leaving may take; `nil` of a node that stays.
    let budget: DepartureBudget?
    private let rivals: [MailTransferAgent.Rival]
    let isToLeave: @Sendable () async -> Bool

    private static let postfix = ServiceName("postfix")
    private static let nginx = ServiceName("nginx")
    private static let health = ServiceName(Units.health.name)
    private static let timer = ServiceName(Units.reconcileTimer.name)
    private static let watch = ServiceName(Units.watch.name)
    private static let agent = ServiceName(Units.agent.name)

    private static func ownUnits(on system: ServiceSystem) -> [ServiceName] {
        [timer] + (system == .systemd ? [watch] : []) + [agent]
    }

    init(
        _ node: RelayNode,
        _ situation: Situation,
        signing: SigningKeyChoice? = nil,
        host: HostAccess,
        log: StepLog,
        request: PassRequest,
        report: @escaping @Sendable (MembershipReport) -> Void,
        probes: ProbeObserver,
        isToLeave: @escaping @Sendable () async -> Bool = { false }
    ) {
        self.node = node
        self.situation = situation
        self.signing = signing
        self.host = host
        self.log = log
        self.request = request
        self.report = report
        self.probes = probes
        self.rivals = MailTransferAgent.Rival.all(files: host.files)
        self.services = ServiceBoard(
            manager: host.services,
            services: [Self.postfix, Self.nginx, Self.health] + Self.ownUnits(on: host.services.system),
            others: rivals.map(\.service) + [SignerService.service]
        )
        self.isToLeave = isToLeave
        let (goal, settings) = (situation.goal, situation.settings)
        // A look at the host alone does not leave the load balancers, so it is not the last word either.
        let hook =
            situation.isTermination && request.scope == .everything
            ? goal.order.flatMap { _ in settings.terminationHook } : nil
        let budget = goal.order.map { order in
            DepartureBudget(
                total: settings.shutdown.drainTimeout,
                limit: order.limit.map { .seconds($0) },
                elapsed: order.doneAt == nil ? order.elapsed(uptime: host.files.uptime) : .zero,
                answersHook: hook != nil
            )
        }
        self.budget = budget
        guard let hook, let budget else {
            self.terminationHook = nil
            return
        }
        self.terminationHook = TerminationHook(
            hook,
            of: HookedInstance(
                situation.facts.instanceID,
                hook: hook,
                transition: .termination,
                autoScaling: situation.account.autoScaling
            ),
            files: host.files,
            deadline: budget.end,
            notice: { log.warning("lifecycle hook \(hook)", $0) }
        )
    }

    var goal: NodeGoal { situation.goal }
    var settings: NodeSettings { situation.settings }
    var facts: InstanceFacts { situation.facts }

    /// All parts, in the order of the pass.
    var all: [any Resource] {
        let places = memberships.joined()
        guard let order = goal.order else { return base + [health(as: nil, mayPublish: true)] + places }
        let hook = terminationHook.map { [$0 as any Resource] } ?? []
        return [withdrawnHealth] + places + (order.reason.isForGood ? [] : base) + hook
    }

    /// The health check of a node that leaves.
    var withdrawnHealth: WithdrawnHealth {
        WithdrawnHealth(file: FilePath(NginxConfiguration.healthFile), files: host.files)
    }

    /// The host's own parts.
    var base: [any Resource] {
        [folders, labels, packages, units] + [signer].compactMap(\.self) + [mailTransferAgent, postfix, nginx]
            + [formerSigner].compactMap(\.self)
    }

    /// The signer that Postfix needs, before Postfix is told of it; `nil` where mail goes past it.
    var signer: (any Resource)? {
        guard let ring = signing?.ring else { return nil }
        let mail = settings.mail
        return SignerService(
            ring,
            isRequired: mail.needsSigner,
            unit: Units.signer(on: host.services.system),
            services: services,
            probe: host.signer,
            files: host.files,
            isOutdated: { [files = host.files] in Installation(files: files).isOutdated($0) },
            warn: { log.warning("signer", $0) }
        )
    }

    /// The reason why the node may not join a load balancer, though it does its job; `nil` where it may.
    var unverifiable: UnverifiableSignatures? {
        guard let keys = signing?.unverifiable, !keys.isEmpty else { return nil }
        return UnverifiableSignatures(keys: keys)
    }

    /// The signer that Postfix needs no more; `nil` where there is none.
    var formerSigner: (any Resource)? {
        guard !settings.mail.usesSigner else { return nil }
        let former = FormerSigner(Units.signer(on: host.services.system), services: services, files: host.files)
        return former.isThere ? former : nil
    }

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
            running: settings.reconcile.resident ? [Self.agent] : timed,
            stopped: settings.reconcile.resident ? timed : [Self.agent],
            services: services,
            files: host.files
        )
    }

    /// The units in the place of the resident agent. Scripts of System V have the timer alone.
    private var timed: [ServiceName] { [Self.timer] + (host.services.system == .systemd ? [Self.watch] : []) }

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
            PostfixService(
                node.postfix,
                runner: host.runner,
                relay: host.relay,
                files: host.files,
                prove: { [verifier = verifier(of: node.selfTest)] in try await verifier.prove() }
            ),
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

    private func verifier(of test: SelfTest) -> NodeVerifier {
        NodeVerifier(
            probe: host.relay,
            selfTest: test,
            files: host.files,
            runner: host.runner,
            observer: probes
        )
    }

    /// - Parameters:
    ///   - test: Whom the relay is to serve, where that is not what the settings say now.
    ///   - mayPublish: Whether the node may come into service.
    func health(as test: SelfTest?, mayPublish: Bool) -> HealthEndpoint {
        HealthEndpoint(
            verifier: verifier(of: test ?? node.selfTest),
            mayPublish: mayPublish,
            publisher: Self.health,
            file: FilePath(NginxConfiguration.healthFile),
            answer: HTTPHealthCheck(settings, transport: host.transport),
            services: services,
            files: host.files
        )
    }
}
