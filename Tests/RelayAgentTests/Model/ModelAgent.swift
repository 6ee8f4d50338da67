import AgentLog
import Facts
import HTTP
import Host
import Reconcile
import RelayTestSupport
import Resources
import SMTP
import Settings
import Synchronization
import SystemPackage

@testable import RelayAgent

/// An agent's process. All that it does to its host goes through `act`, where it may be interrupted.
final class ModelAgent: Sendable {
    private struct State {
        var interruption: ModelStep.Interruption?
        var left = 0
        var isDead = false
        var isCancelled = false
        var number = 0
        var task: Task<PassOutcome, any Error>?
    }

    private let world: ModelWorld
    private let state = Mutex(State())
    let log = ModelLog()
    /// Set once, as what it holds refers to the agent itself.
    private let kept = Mutex<(pass: Pass, host: HostAccess)?>(nil)

    init(_ world: ModelWorld) {
        self.world = world
        let files = FileSystem(root: world.files.location(of: "/")) { [weak self] (path) throws(FileFailure) in
            try self?.write(path)
        }
        let (pass, host) = Self.make(world, ModelEdges(world: world, agent: self), files, log)
        kept.withLock { $0 = (pass, host) }
    }

    private static func make(
        _ world: ModelWorld,
        _ edges: ModelEdges,
        _ files: FileSystem,
        _ log: ModelLog
    ) -> (Pass, HostAccess) {
        let host = HostAccess(
            files: files,
            runner: edges,
            services: edges,
            packages: edges,
            relay: edges,
            transport: edges
        )
        let steps = StepLog(.plain, environment: [:], sink: log)
        let aws = AWSAccess(environment: [:], transport: edges)
        let gatherer = gatherer(world, files, aws, steps)
        return (Pass(gatherer: gatherer, host: host, aws: aws, log: steps), host)
    }

    static func gatherer(_ world: ModelWorld, _ files: FileSystem, _ aws: AWSAccess, _ log: StepLog) -> Gatherer {
        let sources: @Sendable () -> SettingsSources = {
            world.change { $0.readings += 1 }
            let file = SettingsFile(path: "/etc/smtp-relay-agent/config.toml", text: world.now.settings.text)
            return SettingsSources(file: file, environment: [:], flags: [])
        }
        return Gatherer(sources: sources, aws: aws, files: files, log: log)
    }

    /// The end of a pass.
    struct End {
        /// `nil` where it failed.
        let changes: [String]?
        let isDead: Bool
        let isCancelled: Bool
        let wasReached: Bool
    }

    /// Makes a pass, with something that happens in its middle.
    func pass(isWhole: Bool, _ interruption: ModelStep.Interruption? = nil, after count: Int = 0, number: Int = 0)
        async -> End
    {
        state.withLock { $0 = State(interruption: interruption, left: count, number: number) }
        guard let pass = kept.withLock({ $0 })?.pass else { preconditionFailure("an agent without a pass") }
        let (gate, opener) = AsyncStream.makeStream(of: Void.self)
        let request = PassRequest(
            trigger: "the model",
            waitsInService: false,
            showsDiffs: false,
            scope: isWhole ? .everything : .host,
            agent: 1,
            nextAfter: .seconds(60)
        )
        let task = Task {
            for await _ in gate {}
            return try await pass.converge(request)
        }
        state.withLock { $0.task = task }
        opener.finish()
        let changes: [String]?
        switch await task.result {
        case .success(let outcome): changes = outcome.changes.map(\.summary)
        case .failure(let error):
            log.write("the pass failed: \(error)\n")
            changes = nil
        }
        return state.withLock { state in
            state.task = nil
            return End(
                changes: changes,
                isDead: state.isDead,
                isCancelled: state.isCancelled,
                wasReached: interruption != nil && state.interruption == nil
            )
        }
    }

    /// The work of the resident agent when the grace after a change is over.
    func endGrace() {
        guard let host = kept.withLock({ $0 })?.host else { return }
        do {
            if let reason = try host.healthGuard.withdrawUnlessProven() { log.write("withdrawn: \(reason)\n") }
        } catch {
            log.write("not withdrawn: \(error)\n")
        }
    }

    /// The last lines that it told.
    var recentLog: String { log.text.split(separator: "\n").suffix(25).joined(separator: "\n") }

    // Events in the middle

    struct Interrupted: Error {}

    /// One effect of the agent's on its host.
    ///
    /// - Throws: Where there is no agent any more, or the disk fails.
    func act(writes path: FilePath? = nil) throws(Interrupted) {
        let isOnDisk = path.map { !$0.starts(with: "/run") } ?? false
        let (due, number, isDead) = state.withLock { state -> (ModelStep.Interruption?, Int, Bool) in
            guard !state.isDead, let interruption = state.interruption else { return (nil, 0, state.isDead) }
            state.left -= 1
            guard state.left < 0, interruption != .fault || isOnDisk else { return (nil, 0, false) }
            state.interruption = nil
            if interruption == .crash { state.isDead = true }
            if interruption == .cancel { state.isCancelled = true }
            return (interruption, state.number, state.isDead)
        }
        if isDead {
            state.withLock { $0.task }?.cancel()
            throw Interrupted()
        }
        if isOnDisk, world.now.isDiskFull { throw Interrupted() }
        switch due {
        case .cancel: state.withLock { $0.task }?.cancel()
        case .fault: throw Interrupted()
        case .grace: endGrace()
        case .reload: try? ModelServices(world: world).reloadByHand()
        case .edit(let edit): try? edit.make(in: world.files, number: number)
        case .crash, nil: return
        }
    }

    private func write(_ path: FilePath) throws(FileFailure) {
        do {
            try act(writes: path)
        } catch {
            throw FileFailure(.write, path, code: .noSpace)
        }
    }
}

/// Keeps what an agent tells, to be shown with a broken promise.
final class ModelLog: LogSink {
    private let lines = Mutex<[String]>([])

    func write(_ text: String) { lines.withLock { $0.append(text) } }

    var text: String { lines.withLock { $0.joined() } }
}
