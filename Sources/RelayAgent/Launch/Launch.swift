import AWS
package import AgentLog
import Facts
import Glibc
import Host
import Resources
import Vocabulary

/// A launch: it brings the node into service, and reports the result once to the hook and the stack.
///
/// If this process is killed, its guard answers in its place: a second process.
package struct Launch: Sendable {
    private let pass: Pass
    private let gatherer: Gatherer
    private let host: HostAccess
    private let log: StepLog

    package init(pass: Pass, gatherer: Gatherer, host: HostAccess, log: StepLog) {
        self.pass = pass
        self.gatherer = gatherer
        self.host = host
        self.log = log
    }

    /// Installs the agent and converges the node.
    ///
    /// - Parameters:
    ///   - timeout: For all of it.
    ///   - prepare: What comes first, and counts as part of it.
    ///   - guardArguments: What this program is started with in order to be the guard: it is to call `answerForTheDead`.
    /// - Throws: Why the node is not in service, or why a hook or a stack could not be told.
    package func run(
        timeout: Duration,
        guardArguments: [String],
        prepare: @escaping @Sendable () throws -> Void
    ) async throws {
        host.warnOfUnknownSystem(log)
        let isAnswerer = try await whileAnswering(wait: .zero) {
            let companion = startGuard(guardArguments)
            defer { companion?.dismiss() }
            switch await end(within: timeout, prepare) {
            case .success(let outcome):
                try await answer(outcome.isLeaving ? .failed : .inService)
                try outcome.requireService()
            case .failure(let failure):
                // The reason of the failed launch counts. The log says which report failed.
                try? await answer(.failed)
                throw failure
            }
        }
        if !isAnswerer { try await end(within: timeout, prepare).get().requireService() }
    }

    /// For the guard: answers for a bootstrap that has ended without a word.
    package func answerForTheDead() async throws {
        _ = try await whileAnswering(wait: .seconds(5)) {
            log.failed("launch", "bootstrap ended without an answer: it was killed, or it crashed")
            try await answer(.failed)
        }
    }

    /// Runs the body while this process holds the lock of the launch: only one process reports the result.
    ///
    /// - Returns: Whether it was done; `false` where another bootstrap is under way, whose answer counts.
    private func whileAnswering(wait: Duration, _ body: () async throws -> Void) async throws -> Bool {
        do {
            let lock = try await HostLock.acquire(LaunchAnswers.lock, wait: wait, in: host.files) { _ in }
            defer { extendLifetime(lock) }
            try await body()
            return true
        } catch let failure as HostLockFailure where failure.path == LaunchAnswers.lock {
            log.notice("launch", "another bootstrap is under way, and answers for this launch: \(failure.holder)")
            return false
        }
    }

    /// Waits for the end of the work, for the time limit, or for a signal. Then the work is not stopped: it ends with the
    /// process, like a pass that is killed, and a package manager finishes its transaction.
    private func end(
        within timeout: Duration,
        _ prepare: @escaping @Sendable () throws -> Void
    ) async -> Result<PassOutcome, any Error> {
        let signals = Signals([SIGTERM, SIGINT])
        let (endings, sender) = AsyncStream.makeStream(of: Result<PassOutcome, any Error>.self)
        Task {
            do {
                try prepare()
                sender.yield(.success(try await work()))
            } catch {
                sender.yield(.failure(error))
            }
        }
        Task {
            try? await Task.sleep(for: timeout)
            sender.yield(.failure(LaunchCutShort.timedOut(after: timeout)))
        }
        Task { for await number in signals.arrivals { sender.yield(.failure(LaunchCutShort.signal(number))) } }
        for await ending in endings { return ending }
        return .failure(CancellationError())
    }

    private func work() async throws -> PassOutcome {
        let started = ContinuousClock.now
        if try Installation(files: host.files).install() {
            log.done("agent", "install \(Installation.program)", after: ContinuousClock.now - started)
        }
        do {
            try await ResidentRenewal(host: host, log: log).renew()
        } catch {
            throw StepFailure(step: "agent", cause: error)
        }
        // The name servers may come up after the instance, and Auto Scaling ends an instance whose launch has failed.
        let deadline = ContinuousClock.now + Self.patienceWithDNS
        while true {
            do {
                return try await pass.converge(PassRequest(trigger: "bootstrap", showsDiffs: false, isFirstLook: true))
            } catch let failure as StepFailure where failure.isSilenceOfDNS && ContinuousClock.now < deadline {
                log.notice("launch", "waiting for DNS: \(failure)")
                try await Task.sleep(for: .seconds(5))
            }
        }
    }

    private static let patienceWithDNS: Duration = .seconds(60)

    private func startGuard(_ arguments: [String]) -> Companion? {
        do {
            return try Companion(arguments)
        } catch {
            log.warning("launch", "if bootstrap is killed, nobody answers in its place: \(error)")
            return nil
        }
    }

    private func answer(_ outcome: LaunchOutcome) async throws {
        let recipients: [any LaunchRecipient]
        do {
            recipients = try await self.recipients()
        } catch {
            log.failed("launch", "the result of the launch could not be reported: \(error)")
            throw StepFailure(step: "launch", cause: error)
        }
        let answers = LaunchAnswers(recipients, instance: gatherer.lastFacts()?.instanceID, files: host.files, log: log)
        try await answers.give(outcome)
    }

    private func recipients() async throws -> [any LaunchRecipient] {
        guard let (launch, instance, account) = try await gatherer.launch() else { return [] }
        var recipients: [any LaunchRecipient] = []
        if let hook = launch.hook {
            let hooked = HookedInstance(instance, hook: hook, transition: .launch, autoScaling: account.autoScaling)
            recipients.append(LaunchHook(instance: hooked))
        }
        if let resource = launch.signal {
            let stack = account.cloudFormation
            recipients.append(StackSignal(resource: resource, instance: instance, cloudFormation: stack))
        }
        return recipients
    }
}

/// A bootstrap that did not come to its own end.
package enum LaunchCutShort: Error, Sendable, Equatable, CustomStringConvertible {
    case timedOut(after: Duration)
    case signal(CInt)

    package var description: String {
        switch self {
        case .timedOut(let limit):
            """
            bootstrap did not end within \(limit.components.seconds) s: see 'smtp-relay-agent status' for how far it got, \
            and raise bootstrap.timeout where its steps need longer
            """
        case .signal(let number): "bootstrap was ended by \(number == SIGINT ? "SIGINT" : "SIGTERM")"
        }
    }
}
