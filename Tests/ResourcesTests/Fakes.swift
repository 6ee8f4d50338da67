import AWS
import Host
import RelayNode
import Resources
import SMTP
import Synchronization
import SystemPackage
import Testing
import Vocabulary

/// Services that do as told, and keep what they were told.
final class FakeServices: ServiceManager {
    struct State {
        var states: [ServiceName: ServiceState]
        var told: [String] = []
    }

    private let state: Mutex<State>

    init(_ states: [ServiceName: ServiceState] = [:]) { self.state = Mutex(State(states: states)) }

    var told: [String] { state.withLock { $0.told } }

    func states(of services: [ServiceName]) -> [ServiceName: ServiceState] { state.withLock { $0.states } }
    func enable(_ service: ServiceName) { tell("enable", service) { ($0.isActive, true) } }
    func disable(_ service: ServiceName) { tell("disable", service) { _ in (false, false) } }
    func start(_ service: ServiceName) { tell("start", service) { (true, $0.isEnabled) } }
    func startLater(_ service: ServiceName) { tell("start", service) { (true, $0.isEnabled) } }
    func stop(_ service: ServiceName) { tell("stop", service) { (false, $0.isEnabled) } }
    func reload(_ service: ServiceName) { tell("reload", service) { ($0.isActive, $0.isEnabled) } }
    func restart(_ service: ServiceName) { tell("restart", service) { (true, $0.isEnabled) } }
    func isShuttingDown() -> Bool { false }
    func definitionsChanged() { state.withLock { $0.told.append("daemon-reload") } }

    private func tell(_ verb: String, _ service: ServiceName, _ change: (ServiceState) -> (active: Bool, enabled: Bool))
    {
        state.withLock { state in
            state.told.append("\(verb) \(service)")
            let next = change(state.states[service] ?? .unknown)
            state.states[service] = ServiceState(isInstalled: true, isEnabled: next.enabled, isActive: next.active)
        }
    }
}

/// A service of one file, whose wanted text, judge and probe the test decides.
struct FakeConfiguration: ServiceConfiguration {
    struct Wrong: Error {}

    let service = ServiceName("demo")
    let paths: [FilePath] = ["/etc/demo.conf"]
    var wanted: @Sendable (String?) -> String = { _ in "new\n" }
    /// The event while a candidate is judged.
    var meanwhile: @Sendable () throws -> Void = {}
    /// The event while the service is probed.
    var atProbe: @Sendable () -> Void = {}
    var isValid = true
    var works = true
    /// The order that it needs before it works.
    var cure: (services: FakeServices, told: String)?

    func desired(from current: [FilePath: String]) -> [FilePath: String] {
        ["/etc/demo.conf": wanted(current["/etc/demo.conf"])]
    }
    func action(from current: [FilePath: String], to desired: [FilePath: String]) -> ServiceAction {
        current == desired ? .none : .reload
    }
    func validate(_ candidate: [FilePath: [UInt8]]) throws {
        try meanwhile()
        if !isValid { throw Wrong() }
    }
    func probe() throws {
        atProbe()
        if !works { throw Wrong() }
        if let cure, cure.services.told.last != cure.told { throw Wrong() }
    }
    func isCuredByRestart(_ failure: any Error) -> Bool { cure != nil && failure is Wrong }
}

/// A relay that answers as the test decides.
struct FakeRelay: RelayProbing {
    var isUp = true
    /// Refuses senders at this port.
    var refusedPort: UInt16?
    /// Takes mail for the relay's own domains from strangers.
    var servesDomainsToAll = false
    /// Answers DATA with this to whom it let name a recipient; senders get 354.
    var dataForStrangers = SMTPReply(code: 554, lines: ["Data command rejected"])
    /// To RCPT TO, by the client.
    var answer: @Sendable (IPAddress) -> SMTPReply

    struct Down: Error {}

    func attempts(_ attempts: [RelayAttempt], at door: ProbedDoor) throws -> [RelayAnswers] {
        if !isUp { throw Down() }
        return attempts.map { attempt in
            let client: IPAddress =
                switch attempt.client {
                case .thisHost: door.source
                case .told(let client), .proxied(let client): client
                }
            var general = answer(client)
            let isSender = general.isPositive
            if isSender, door.server.port == refusedPort { general = SMTPReply(code: 554, lines: ["no"]) }
            let own = servesDomainsToAll ? SMTPReply(code: 250, lines: ["ok"]) : general
            let recipients = attempt.recipients.map { recipient in
                if recipient == "postmaster" { return SMTPReply(code: 250, lines: ["ok"]) }
                return recipient.hasSuffix(".invalid") ? general : own
            }
            guard attempt.goesToData, recipients.contains(where: \.isPositive) else {
                return RelayAnswers(recipients: recipients)
            }
            return RelayAnswers(
                recipients: recipients,
                data: isSender ? SMTPReply(code: 354, lines: ["go on"]) : dataForStrangers
            )
        }
    }
}

extension RegisteredInstance {
    /// i-01234567 in vpc-1, at 10.0.1.10.
    static var sample: RegisteredInstance { get throws { try sample() } }

    /// The same.
    static func sample(
        ipv6Address: String? = nil,
        health: NodeSettings.Health = NodeSettings.Health(),
        ports: [UInt16] = [25],
        isProxied: Bool = false,
        isAllowed: Bool = true,
        securityGroups: (@Sendable () async throws -> [String])? = nil
    ) throws -> RegisteredInstance {
        RegisteredInstance(
            id: try InstanceID("i-01234567"),
            vpcID: "vpc-1",
            availabilityZone: "eu-central-1a",
            address: try IPAddress("10.0.1.10"),
            ipv6Address: try ipv6Address.map { try IPAddress($0) },
            health: health,
            ports: ports,
            isProxied: isProxied,
            isAllowed: isAllowed,
            securityGroups: securityGroups
        )
    }
}

/// A classic load balancer's API, with calls kept.
final class FakeELB: ClassicLoadBalancing, EC2Describing {
    private struct State {
        var healths: [InstanceHealth?]
        var calls: [String] = []
    }

    private let state: Mutex<State>
    let balancer: ClassicLoadBalancer
    let ingress: [SecurityGroup.Rule]
    let proxied: Set<UInt16>
    let mayDeregister: Bool
    let lists: [String: [IPNetwork]]

    /// - Parameters:
    ///   - healths: The answers in their order; the last one stays.
    ///   - lists: The prefix lists that may be read.
    init(
        _ balancer: ClassicLoadBalancer,
        healths: [InstanceHealth?],
        ingress: [SecurityGroup.Rule] = [],
        proxied: Set<UInt16> = [],
        mayDeregister: Bool = false,
        lists: [String: [IPNetwork]] = [:]
    ) {
        self.lists = lists
        self.mayDeregister = mayDeregister
        self.state = Mutex(State(healths: healths))
        self.balancer = balancer
        self.ingress = ingress
        self.proxied = proxied
    }

    var calls: [String] { state.withLock { $0.calls } }

    func describe(_ name: ClassicLoadBalancerName) -> ClassicLoadBalancer {
        state.withLock { $0.calls.append("describe") }
        return balancer
    }

    func health(of instance: InstanceID, in name: ClassicLoadBalancerName) -> InstanceHealth? {
        state.withLock { state in
            state.calls.append("health")
            return state.healths.count > 1 ? state.healths.removeFirst() : state.healths[0]
        }
    }

    func register(_ instance: InstanceID, with name: ClassicLoadBalancerName) {
        state.withLock { $0.calls.append("register \(instance)") }
    }

    func deregister(_ instance: InstanceID, from name: ClassicLoadBalancerName) {
        if !mayDeregister { Issue.record("nothing in this pass may deregister") }
        state.withLock { $0.calls.append("deregister \(instance)") }
    }

    func proxyProtocolPorts(of loadBalancer: ClassicLoadBalancer) -> Set<UInt16> { proxied }

    func tags(of instance: InstanceID) -> [String: String] { [:] }

    func securityGroups(_ ids: [String]) -> [SecurityGroup] {
        state.withLock { $0.calls.append("securityGroups") }
        return [SecurityGroup(id: "sg-1", ingress: ingress)]
    }

    func entries(ofPrefixList id: String) throws(AWSFailure) -> [IPNetwork] {
        state.withLock { $0.calls.append("entries \(id)") }
        return try listed(id, lists)
    }
}

/// The entries of a prefix list. One that a test did not make may not be read.
func listed(_ id: String, _ lists: [String: [IPNetwork]]) throws(AWSFailure) -> [IPNetwork] {
    if let entries = lists[id] { return entries }
    let denied = AWSError(status: 403, code: "UnauthorizedOperation", message: "")
    throw AWSFailure(action: "ec2:GetManagedPrefixListEntries", reason: .answered(denied))
}
