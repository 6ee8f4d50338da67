package import AgentLog
package import CloudWatch
import Glibc
package import Host
import Resources
import SystemPackage
import Vocabulary

/// The agent that stays: it looks at the node again when its time has come, and at once when something happens.
///
/// One loop takes all that happens, one after another; a pass runs beside it, so that the loop goes on living, and tells
/// the service manager so.
package struct Resident: Sendable {
    private let pass: Pass
    private let gatherer: Gatherer
    private let host: HostAccess
    private let notifier: ServiceNotifier
    private let cloudWatch: CloudWatchExport
    private let log: StepLog

    /// An event in the life of a resident agent.
    enum Event: Sendable {
        /// A time has come: that of the next pass, or of a sign of life.
        case woke
        case changed(FilePath)
        case ended(ServiceName)
        /// Postfix has loaded its files anew.
        case loaded
        /// A change has had its time for repair and proof. Where that was not enough, the health check answers 503 from now
        /// on, for this reason.
        case graceEnded(Result<(any Error)?, any Error>)
        /// The health check answers 503 from now on, and why.
        case withdrawn(String)
        /// AWS announces something to the instance.
        case announced
        case signal(CInt)
        case passed(PassEnd)
    }

    /// The end of a pass.
    enum PassEnd: Sendable {
        case done(PassOutcome)
        case failed(isLeaving: Bool, isThrottled: Bool)
    }

    package init(
        pass: Pass,
        gatherer: Gatherer,
        host: HostAccess,
        notifier: ServiceNotifier,
        cloudWatch: CloudWatchExport,
        log: StepLog
    ) {
        self.pass = pass
        self.gatherer = gatherer
        self.host = host
        self.notifier = notifier
        self.cloudWatch = cloudWatch
        self.log = log
    }

    /// Stays until a signal ends it. Where the system goes down, the node leaves its load balancers first.
    package func run() async throws {
        let watch = FileWatch(files: host.files)
        let fitness = FitnessWatch(host.healthGuard)
        let signals = Signals([SIGHUP, SIGTERM, SIGINT])
        // A disk of logs that hangs holds up no look at Postfix.
        let (looks, looksAtLogs) = (LookThread(), LookThread())
        defer { for thread in [looks, looksAtLogs] { thread.stop() } }
        let (events, sender) = AsyncStream.makeStream(of: Event.self)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for await path in watch.changes { sender.yield(.changed(path)) } }
            group.addTask { for await number in signals.arrivals { sender.yield(.signal(number)) } }
            group.addTask { await listen(sender) }
            group.addTask { await fitness.run(sender, on: looks) }
            group.addTask { await gatherer.fetchCredentials() }
            if gatherer.role == .relay {
                let doctor = HostDoctor(gatherer: gatherer, host: host, pass: pass)
                group.addTask { await MailLogWatch(host: host, cloudWatch: cloudWatch, log: log).run(on: looksAtLogs) }
                group.addTask { await FindingWatch(doctor: doctor, host: host).run() }
            }
            group.addTask { await cloudWatch.run() }
            var loop = ResidentLoop(
                pass: pass,
                gatherer: gatherer,
                host: host,
                watch: watch,
                fitness: fitness,
                notifier: notifier,
                sender: sender,
                log: log
            )
            sender.yield(.woke)
            for await event in events where loop.take(event) == .ends { break }
            await loop.stop()
            group.cancelAll()
        }
        guard gatherer.memory.resident.shutdown != nil, await host.services.isShuttingDown() else {
            // The next process sends what is kept.
            return await cloudWatch.keep()
        }
        notifier.stopping(status: "the system shuts down: leaving the load balancers")
        do {
            try await pass.leaveAtShutdown()
        } catch {
            await cloudWatch.finish()
            throw error
        }
        await cloudWatch.finish()
    }

    /// Asks metadata again and again.
    private func listen(_ sender: AsyncStream<Event>.Continuation) async {
        while !Task.isCancelled {
            do { try await Task.sleep(for: gatherer.pauseBetweenLooks) } catch { return }
            // A look brings in a third of the memory that an idle agent may have.
            defer { ProgramMemory.letGoOfCode() }
            // The passes report metadata that does not answer.
            guard let news = try? await gatherer.urgentNews() else { continue }
            await pass.obeyAtOnce(news)
            sender.yield(.announced)
        }
    }
}
