import AWS
import AgentLog
import Host
import Reconcile
import Reports
import Resources
import Synchronization
import Vocabulary

/// Writes down what a pass sees and does, while it holds the lock.
final class PassRecord: Sendable {
    private let status: Mutex<NodeStatus>
    private let file: StatusFile
    private let files: FileSystem
    private let trigger: String
    private let seen = Mutex(Seen())
    private let started = ContinuousClock.now
    private let startedAt = Timestamp.seconds
    /// More is in the log.
    private static let keptFailures = 5

    /// The readings of this pass.
    private struct Seen {
        var services = false
        var memberships: Set<String> = []
        var fleet: FleetSettings?
        var failures: [StepFailure] = []
        var goesBack = false
        var joiningTime: Duration = .zero
    }

    init(_ trigger: String, files: FileSystem) {
        self.trigger = trigger
        self.files = files
        self.file = StatusFile(files: files)
        var status = file.read() ?? NodeStatus()
        // The former result may be wrong until this pass has looked as well.
        for index in status.probes.indices { status.probes[index].isOld = true }
        self.status = Mutex(status)
    }

    /// The pass goes by settings of the fleet.
    func goes(by fleet: FleetSettings) { seen.withLock { $0.fleet = fleet } }

    /// The time that load balancers may take to call the node in service.
    func allows(_ time: Duration) { seen.withLock { $0.joiningTime = time } }

    /// A second attempt within the same pass, by the version of the fleet's settings before.
    func goBack() {
        seen.withLock { seen in
            seen.failures = []
            seen.goesBack = true
        }
    }

    /// Whether the pass goes back to a version: then it takes no new one.
    var goesBack: Bool { seen.withLock { $0.goesBack } }

    /// The fleet's settings that the pass goes by; `nil` where there are none.
    var fleet: FleetSettings? { seen.withLock { $0.fleet } }

    /// The steps that have failed.
    var stepFailures: [StepFailure] { seen.withLock { $0.failures } }

    var joiningTime: Duration { seen.withLock { $0.joiningTime } }

    /// The memberships that this pass has looked at.
    var memberships: [MembershipReport] {
        let names = seen.withLock { $0.memberships }
        return status.withLock { $0.memberships.filter { names.contains($0.name) } }
    }

    /// Whether each membership was in service when somebody looked last.
    var membershipsBefore: [String: Bool] {
        status.withLock { status in
            Dictionary(status.memberships.map { ($0.name, $0.isInService) }) { _, last in last }
        }
    }

    /// - Parameters:
    ///   - parts: The parts that this pass looks at.
    ///   - isWhole: Whether that is all there is.
    func begin(_ facts: InstanceFacts, order: DrainOrder?, parts: [String], isWhole: Bool) {
        status.withLock { status in
            status.role = RoleName.relay.rawValue
            status.relayhost = nil
            status.instanceID = "\(facts.instanceID)"
            status.address = "\(facts.privateAddress)"
            status.publicAddress = facts.publicAddress.map { "\($0)" }
            status.publicName = facts.publicName.map { "\($0)" }
            status.availabilityZone = facts.availabilityZone
            status.vpcID = facts.vpcID
            status.operatingSystem = facts.operatingSystem.prettyName
            status.networks = facts.vpcNetworks.map(\.description)
            status.drain = order
            if isWhole {
                status.parts.removeAll { !parts.contains($0.name) }
                status.memberships.removeAll { !parts.contains($0.name) }
            }
            status.willReach(parts)
        }
    }

    /// The same of a host that sends. Of what it may have been before, nothing stays.
    func begin(_ settings: SenderSettings, system: OperatingSystem, parts: [String]) {
        status.withLock { status in
            if status.role != RoleName.sender.rawValue {
                let counters = status.counters
                status = NodeStatus()
                status.counters = counters
            }
            status.role = RoleName.sender.rawValue
            status.relayhost = "\(settings.relayhost)"
            status.operatingSystem = system.prettyName
            status.parts.removeAll { !parts.contains($0.name) }
            status.willReach(parts)
        }
    }

    func report(_ membership: MembershipReport) {
        seen.withLock { _ = $0.memberships.insert(membership.name) }
        status.withLock { status in
            status.memberships.removeAll { $0.name == membership.name }
            status.memberships.append(membership)
        }
    }

    func report(_ probe: ProbeReport) {
        status.withLock { status in
            var probe = probe
            probe.at = probe.at ?? Timestamp.seconds
            if let index = status.probes.firstIndex(where: { $0.probe == probe.probe }) {
                status.probes[index] = probe
            } else {
                status.probes.append(probe)
            }
        }
    }

    func report(_ services: [ServiceName: ServiceState]) {
        seen.withLock { $0.services = true }
        status.withLock { status in
            status.services = services.sorted { $0.key.description < $1.key.description }.map { name, state in
                NodeStatus.Service(
                    name: "\(name)",
                    isActive: state.isActive,
                    isEnabled: state.isEnabled,
                    process: state.mainProcess
                )
            }
        }
    }

    func observe(_ event: ReconcileEvent) {
        switch event {
        case .inSync(let name): update(name) { $0.state = .asItShouldBe }
        case .applying: break
        case .applied(let name, let changes):
            update(name) { part in
                part.state = .asItShouldBe
                part.changedAt = Timestamp.seconds
                part.lastChange = changes.map(\.summary).joined(separator: ", ")
            }
            status.withLock { $0.counters.changes[name, default: 0] += changes.count }
        }
    }

    /// Shows at once how far a node is that leaves: it may be gone before the pass has ended.
    func report(_ order: DrainOrder) {
        status.withLock { status in
            guard status.drain != order else { return }
            status.drain = order
            status.queue = try? PostfixQueue(files: files).counts()
            status.queueCountedAt = Timestamp.seconds
            status.signer = SignerCounts.file(files).read()
            try? file.write(status)
            try? MetricsFile(files: files).write(status, now: Timestamp.seconds)
        }
    }

    /// A departure has ended.
    ///
    /// - Parameter outcome: The value of the metric's label.
    func countDeparture(_ outcome: String) {
        status.withLock {
            $0.counters.departures = ($0.counters.departures ?? [:]).merging([outcome: 1], uniquingKeysWith: +)
        }
    }

    /// Records every step that failed. The pass fails with the first one.
    func report(_ failures: [StepFailure]) {
        let now = Timestamp.seconds
        seen.withLock { $0.failures += failures }
        status.withLock { status in
            let told = failures.map { NodeStatus.Failure(at: now, step: $0.step, text: "\($0)") }
            status.failures = Array((told + status.failures).prefix(Self.keptFailures))
            for failure in failures {
                guard let index = status.parts.firstIndex(where: { $0.name == failure.step }) else { continue }
                status.parts[index].state = .failed
                status.parts[index].checkedAt = now
            }
        }
    }

    /// A record that can't be written is no reason to call the pass a failure.
    ///
    /// - Parameter calls: The AWS calls that are not written down yet.
    func finish(_ request: PassRequest, changes: Int = 0, failure: (any Error)?, calls: APITally.Counts) async {
        let apiCalls = APICallRecord(files: files)
        try? await apiCalls.add(calls)
        let total = apiCalls.total
        status.withLock { status in
            let now = Timestamp.seconds
            status.version = AgentVersion.current
            status.counters.passes += 1
            status.counters.apiCalls = total.calls
            status.counters.apiThrottles = total.throttles
            if let failure {
                status.counters.failedPasses += 1
                let text = "\(failure)"
                if !status.failures.contains(where: { $0.text == text && $0.at >= startedAt }) {
                    let step = (failure as? StepFailure)?.step ?? ""
                    let told = NodeStatus.Failure(at: now, step: step, text: text)
                    status.failures = Array(([told] + status.failures).prefix(Self.keptFailures))
                }
            } else if request.scope == .everything {
                // A look at the host alone does not see what the load balancers make of the node.
                status.lastSuccessAt = now
            }
            let seen = seen.withLock { $0 }
            status.fleet = seen.fleet.map { FleetStore(files: files).versions(of: $0.place).status }
            if !seen.services { status.services = [] }
            if request.scope == .everything {
                status.memberships.removeAll { !seen.memberships.contains($0.name) }
            }
            status.lastPass = NodeStatus.Pass(
                startedAt: startedAt,
                seconds: (ContinuousClock.now - started) / .seconds(1),
                trigger: trigger,
                changes: changes,
                failure: failure.map { "\($0)" }
            )
            if let agent = request.agent { status.agent = agent }
            if let after = request.nextAfter {
                let throttled = failure?.isThrottling == true ? request.throttledBefore + 1 : 0
                let next = failure == nil ? after : PassSchedule.pause(afterFailure: after, throttled: throttled)
                status.nextPassAt = now + Int(next.components.seconds)
            }
            status.queue = try? PostfixQueue(files: files).counts()
            status.queueCountedAt = now
            status.signer = SignerCounts.file(files).read()
            try? file.write(status)
            try? MetricsFile(files: files).write(status, now: now)
        }
    }

    private func update(_ name: String, _ change: (inout NodeStatus.Part) -> Void) {
        status.withLock { status in
            var part =
                status.parts.first { $0.name == name }
                ?? NodeStatus.Part(name: name, state: .notReached)
            part.checkedAt = Timestamp.seconds
            change(&part)
            if let index = status.parts.firstIndex(where: { $0.name == name }) {
                status.parts[index] = part
            } else {
                status.parts.append(part)
            }
        }
    }
}

extension NodeStatus {
    /// Marks the parts of a pass as waiting for it.
    fileprivate mutating func willReach(_ names: [String]) {
        for index in parts.indices where names.contains(parts[index].name) { parts[index].state = .notReached }
    }
}
