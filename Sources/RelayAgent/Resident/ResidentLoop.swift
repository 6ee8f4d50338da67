import AgentLog
import Glibc
import Host
import RelayNode
import Resources
import SystemPackage
import Units
import Vocabulary

/// The resident agent's loop: what it does about each thing that happens.
struct ResidentLoop {
    enum Verdict {
        case goesOn
        case ends
    }

    private typealias Trigger = PassSchedule.Trigger

    private let pass: Pass
    private let gatherer: Gatherer
    private let host: HostAccess
    private let watch: FileWatch
    private let fitness: FitnessWatch
    private let notifier: ServiceNotifier
    private let sender: AsyncStream<Resident.Event>.Continuation
    private let log: StepLog

    private var schedule = PassSchedule(regular: .now)
    private var underWay: PassUnderWay?
    /// When the full pass began that has not ended by itself yet, through all its beginnings.
    private var fullSince: ContinuousClock.Instant?
    private var alarm: Task<Void, Never>?
    private var processes: WatchedProcesses
    /// The time that the changes of now have; `nil` where there are none.
    private var grace: ChangeGrace?
    private var isBlind = false
    /// The number of passes in a row that AWS's APIs throttled.
    private var throttled = 0

    private static let hangUp = Trigger(name: "SIGHUP", isFull: true)

    init(
        pass: Pass,
        gatherer: Gatherer,
        host: HostAccess,
        watch: FileWatch,
        fitness: FitnessWatch,
        notifier: ServiceNotifier,
        sender: AsyncStream<Resident.Event>.Continuation,
        log: StepLog
    ) {
        self.pass = pass
        self.gatherer = gatherer
        self.host = host
        self.watch = watch
        self.fitness = fitness
        self.notifier = notifier
        self.sender = sender
        self.log = log
        self.processes = WatchedProcesses(sender)
        watchFiles()
        // The first pass may take minutes, and the start of the unit waits for this message.
        notifier.ready(status: "the first pass is under way")
        // Nobody has watched before.
        giveGrace()
    }

    mutating func take(_ event: Resident.Event) -> Verdict {
        switch event {
        case .woke: break
        case .changed(let path):
            want(Trigger(name: "\(path) changed", isFull: false))
            giveGrace()
        case .loaded:
            want(Trigger(name: "Postfix loaded its configuration", isFull: false))
            giveGrace()
        case .graceEnded(let outcome): endGrace(outcome)
        case .withdrawn(let reason): withdrew(because: reason)
        case .ended(let service): hasEnded(service)
        case .announced:
            want(Trigger(name: "an announcement in instance metadata", isFull: true))
            // A command of the pass under way may hang, and AWS does not wait.
            if isToLeave { underWay?.giveWay() }
        // A person may send it often. That is no program that works against the agent, but it is slowed down, too.
        case .signal(SIGHUP): _ = schedule.want(Self.hangUp, at: .now)
        case .signal: return .ends
        case .passed(let end): finish(end)
        }
        beginPass()
        tellAlive()
        setAlarm()
        return .goesOn
    }

    /// Cancels the pass that is running. The next pass continues its work.
    mutating func stop() async {
        alarm?.cancel()
        processes.stop()
        underWay?.task.cancel()
        await underWay?.task.value
    }

    private mutating func want(_ trigger: Trigger) {
        guard schedule.want(trigger, at: .now) else { return }
        log.warning(
            "watch",
            """
            \(trigger.name) over and over: another program works against this agent (look for configuration management, \
            cron jobs and scripts that write there); from now on the agent looks every ten seconds only
            """
        )
    }

    private mutating func hasEnded(_ service: ServiceName) {
        processes.forget(service)
        let trigger = Trigger(name: "\(service)'s main process ended", isFull: false)
        want(trigger)
        // The service manager may need a moment to see it, too.
        schedule.want(Trigger(name: "\(service)'s main process had ended", isFull: false), by: .now + .seconds(2))
    }

    /// Whether an order to leave is in force that is not carried out yet.
    private var isToLeave: Bool { ((try? pass.orders.current()) ?? nil).map { $0.doneAt == nil } ?? false }

    private mutating func giveGrace() {
        if grace == nil { grace = ChangeGrace(host.healthGuard) { [sender] in sender.yield(.graceEnded($0)) } }
    }

    /// Lets the next change have all of its time, once the changes before it are proven.
    private mutating func endGraceWhereProven() {
        guard grace != nil, (try? host.healthGuard.isProven()) == true else { return }
        grace?.cancel()
        grace = nil
    }

    private mutating func endGrace(_ outcome: Result<(any Error)?, any Error>) {
        grace = nil
        switch outcome {
        case .success(nil): break
        case .success(let reason?): withdrew(because: "\(reason)")
        case .failure(let error): log.failed("health", "\(error)")
        }
    }

    private mutating func withdrew(because reason: String) {
        log.failed("health", "the health check answers 503 from now on: \(reason)")
        want(Trigger(name: "the health check was withdrawn", isFull: false))
    }

    private mutating func beginPass() {
        let now = ContinuousClock.now
        guard now >= schedule.due else { return }
        if underWay != nil { return cutShort(at: now) }
        if schedule.isFull(at: now), fullSince == nil { fullSince = now }
        let isFull = schedule.isFull(at: now)
        let triggers = schedule.answered(at: now)
        schedule.begin(at: now, next: now + gatherer.memory.resident.longestPass)
        let settings = gatherer.memory.resident.reconcile
        let progress = PassProgress()
        var request = PassRequest(
            trigger: triggers.isEmpty ? "the interval" : triggers.map(\.name).joined(separator: ", "),
            waitsInService: false,
            scope: isFull ? .everything : .host,
            asksAnew: triggers.contains(Self.hangUp),
            agent: getpid(),
            nextAfter: settings.interval,
            progress: progress
        )
        request.throttledBefore = throttled
        let task = Task { [pass, log, sender, request] in
            do {
                sender.yield(.passed(.done(try await pass.converge(request))))
            } catch {
                let failure = error as? StepFailure
                if !Task.isCancelled { log.failed(failure?.step, "\(error)") }
                let isLeaving = failure?.isLeaving ?? false
                sender.yield(.passed(.failed(isLeaving: isLeaving, isThrottled: error.isThrottling)))
            }
            // A look at the host alone does not see what the others tell.
            if isFull { log.passEnded() }
        }
        underWay = PassUnderWay(
            task: task,
            since: now,
            isFull: isFull,
            isLeaving: isToLeave,
            triggers: triggers,
            progress: progress
        )
    }

    /// Ends a full pass that only waits for metadata or load balancers, where the host calls for a look. It is made up for right
    /// after. A host that changes all the time does not keep it off for longer than `postponement`.
    private mutating func cutShort(at now: ContinuousClock.Instant) {
        guard let due = schedule.hostDue, now >= due, now - (fullSince ?? now) < Self.postponement else { return }
        underWay?.cut(at: now)
    }

    /// A node that is to leave waits this long at most, of the 90 seconds that it has by default.
    private static let postponement: Duration = .seconds(15)

    private mutating func finish(_ end: Resident.PassEnd) {
        let wasFull = underWay?.isFull ?? true
        if let underWay, case .done(let outcome) = end, !outcome.changes.isEmpty {
            schedule.putRight(underWay.triggers, at: .now)
        }
        let wasCut = underWay?.isCut ?? false
        if wasFull, !wasCut { fullSince = nil }
        underWay = nil
        let settings = gatherer.memory.resident.reconcile
        let usual = PassSchedule.pause(settings, random: .random(in: 0..<1))
        // The load balancers' verdict on a new version of the fleet's settings is seen soon.
        let next = gatherer.memory.isTrial ? PassSchedule.pause(afterFailure: usual, throttled: 0) : usual
        let text: String
        switch end {
        case .done(let outcome):
            if wasFull {
                throttled = 0
                schedule.regular(at: .now + next)
            }
            processes.watch(outcome.services)
            text = outcome.isLeaving ? "out of the load balancers" : "the node is as it should be"
        case .failed where wasCut:
            schedule.regular(at: .now + PassUnderWay.courtesy)
            text = "the pass was cut short: something is more urgent"
        case .failed(let isLeaving, let isThrottled):
            throttled = isThrottled ? throttled + 1 : 0
            // A departure has used its whole time already, so the next try can wait.
            schedule.regular(
                at: .now + (isLeaving ? next : PassSchedule.pause(afterFailure: next, throttled: throttled))
            )
            text = "the last pass failed: see the log"
        }
        processes.watchQueueManager(host.files)
        watchFiles()
        fitness.renew()
        endGraceWhereProven()
        // Until the next pass little of the program is needed, and what is comes back by itself.
        defer { ProgramMemory.letGoOfCode() }
        notifier.status(text)
    }

    /// Without a watch, the interval finds what changes.
    private mutating func watchFiles() {
        do {
            let settings = gatherer.memory.resident
            try watch.watch(settings.watched, whole: settings.watchedWhole)
            isBlind = false
        } catch {
            if !isBlind { log.warning("watch", "\(error); until that works, only the regular passes find changes") }
            isBlind = true
        }
    }

    /// Only a living loop gets here, and a pass that hangs is no life.
    private func tellAlive() {
        if let underWay, ContinuousClock.now - underWay.since > gatherer.memory.resident.longestPass { return }
        notifier.alive()
    }

    private mutating func setAlarm() {
        alarm?.cancel()
        let sign = notifier.watchdogInterval.map { ContinuousClock.now + $0 / 3 }
        // While a pass is under way, the host may call for a look that is urgent enough to cut it short.
        let look = underWay == nil ? schedule.due : schedule.hostDue.map { max($0, .now + .milliseconds(500)) }
        guard let time = [sign, look].compactMap(\.self).min() else { return }
        alarm = Task { [sender] in
            do {
                try await Task.sleep(until: time, clock: .continuous)
                sender.yield(.woke)
            } catch {
                return
            }
        }
    }
}
