import AWS
import HTTP
import Reconcile
import Resources
import Synchronization
import Vocabulary

@testable import RelayAgent

/// The part of each node's agent that asks AWS, without the host: its launch, and its regular passes.
final class SimulatedFleet: Sendable {
    /// The results of a node.
    struct Node {
        var calls = 0
        var failures = 0
        var inServiceAt: Duration?
        /// The last pass that ended well.
        var provenAt: Duration?
    }

    let time: SimulatedTime
    let account: SimulatedAccount
    private let nodes: Mutex<[Node]>
    private let settings: NodeSettings.Reconcile

    /// - Parameter settings: Those of each node.
    init(of count: Int, _ settings: NodeSettings.Reconcile = NodeSettings.Reconcile()) {
        self.time = SimulatedTime(seed: UInt64(count))
        self.account = SimulatedAccount(time)
        self.nodes = Mutex(Array(repeating: Node(), count: count))
        self.settings = settings
    }

    var all: [Node] { nodes.withLock { $0 } }

    /// - Parameter begin: When each begins; chance decides within this time.
    func launch(within begin: Duration) throws {
        for number in all.indices {
            let node = try SimulatedAgent(number, time, account)
            Task(executorPreference: time) { await self.run(node, number, after: begin * self.time.random()) }
        }
    }

    private func run(_ node: SimulatedAgent, _ number: Int, after begin: Duration) async {
        do {
            try await time.sleep(begin)
            var throttled = 0
            var isLaunch = true
            while true {
                let pause: Duration
                do {
                    try await node.pass(isLaunch: isLaunch)
                    throttled = 0
                    note(number, node, hasFailed: false)
                    pause = PassSchedule.pause(settings, random: time.random())
                } catch {
                    throttled = (error as? AWSFailure)?.error?.isThrottling == true ? throttled + 1 : 0
                    note(number, node, hasFailed: true)
                    let usual = PassSchedule.pause(settings, random: time.random())
                    pause = PassSchedule.pause(afterFailure: usual, throttled: throttled)
                }
                isLaunch = false
                try await time.sleep(pause)
            }
        } catch {
            return
        }
    }

    private func note(_ number: Int, _ agent: SimulatedAgent, hasFailed: Bool) {
        let (now, calls) = (time.now, agent.tally.take().calls)
        nodes.withLock { nodes in
            nodes[number].calls += calls
            if hasFailed { nodes[number].failures += 1 } else { nodes[number].provenAt = now }
            if agent.isInService, nodes[number].inServiceAt == nil { nodes[number].inServiceAt = now }
        }
    }
}

/// The agent of one node.
private final class SimulatedAgent: Sendable {
    let tally = APITally()
    private let time: SimulatedTime
    private let place: ClassicPlace
    private let memory: AdmissionMemory
    private let state = Mutex("")

    init(_ number: Int, _ time: SimulatedTime, _ account: SimulatedAccount) throws {
        let source = time.source
        let client = QueryClient(
            ServiceEndpoint(
                .elasticLoadBalancing,
                region: try Region("eu-central-1"),
                domain: try DomainName("amazonaws.com"),
                environment: [:]
            ),
            credentials: NoCredentials(),
            transport: account,
            tally: tally,
            budget: RetryBudget(),
            time: source
        )
        self.time = time
        self.memory = AdmissionMemory(now: source.now)
        let digits = String(number, radix: 16)
        self.place = ClassicPlace(
            try ClassicLoadBalancerName("mail-relay"),
            node: RegisteredInstance(
                id: try InstanceID("i-" + String(repeating: "0", count: 17 - digits.count) + digits),
                vpcID: "vpc-1",
                availabilityZone: "eu-central-1a",
                address: try IPAddress("10.0.0.1")
            ),
            allowOpenToWorld: true,
            elb: ClassicLoadBalancingClient(client),
            ec2: NoEC2()
        )
    }

    var isInService: Bool { state.withLock { $0 == "InService" } }

    /// - Parameter isLaunch: Whether it waits until the load balancer calls the node in service, and tries for long.
    func pass(isLaunch: Bool) async throws {
        let membership = Membership(
            place,
            goal: .member(waits: isLaunch),
            admission: Admission(memory, AdmissionPeriod(pace: .seconds(75))) { _, _ in },
            timeout: NodeSettings.LoadBalancer().timeout,
            door: QuietDoor(connections: { [] }, deadline: .now),
            observer: MembershipObserver(
                notice: { _ in },
                report: { [self] report in state.withLock { $0 = report.state } }
            ),
            time: time.source
        )
        try await CallPatience.limited(to: isLaunch ? nil : CallPatience.short) {
            if case .drifted(let drift) = try await membership.check() { try await drift.apply() }
        }
    }
}

private struct NoCredentials: CredentialSource {
    func credentials() -> Credentials {
        Credentials(accessKeyID: "AKIDEXAMPLE", secretAccessKey: "none", sessionToken: nil, expiration: nil)
    }

    func invalidate() -> Bool { false }
}

private struct NoEC2: EC2Describing {
    func tags(of instance: InstanceID) -> [String: String] { [:] }
    func securityGroups(_ ids: [String]) -> [SecurityGroup] { [] }
    func entries(ofPrefixList id: String) -> [IPNetwork] { [] }
}
