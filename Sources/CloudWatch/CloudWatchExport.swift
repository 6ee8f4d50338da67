package import AgentLog
package import HTTP
package import Host
package import MailLogs
import AWS
import Vocabulary

/// Writes the mail log, the agent's log and metrics to CloudWatch. The reader of the mail log and the passes never wait for it.
///
/// Events are kept on the disk until they have arrived. CloudWatch may get an event twice where the agent ends, or an answer is
/// lost, in the middle of a call; both have the same `id`.
package final class CloudWatchExport: Sendable {
    private let spool: EventSpool
    private let lines: AgentLogBuffer
    private let node: @Sendable () -> CloudWatchNode?
    private let time: TimeSource
    private let sender: LogSender
    private let metrics: MetricSender
    private let wakes: AsyncStream<Void>
    private let waker: AsyncStream<Void>.Continuation

    /// The time in which events gather for one call.
    private static let gathering: Duration = .seconds(5)
    /// The time that the last events of an agent may take.
    private static let farewell: Duration = .seconds(5)

    /// - Parameters:
    ///   - lines: The agent's own log.
    ///   - node: The node as the last pass had it; `nil` before the first one.
    ///   - readings: The state of the node; `nil` before the first pass.
    package init(
        spool: EventSpool,
        files: FileSystem,
        lines: AgentLogBuffer,
        node: @escaping @Sendable () -> CloudWatchNode?,
        readings: @escaping @Sendable () -> NodeReadings?,
        log: StepLog,
        time: TimeSource = .system
    ) {
        self.spool = spool
        self.lines = lines
        self.node = node
        self.time = time
        self.sender = LogSender(spool: spool, lines: lines, node: node, time: time, log: log)
        self.metrics = MetricSender(
            files: files,
            spool: spool,
            node: node,
            readings: readings,
            time: time,
            log: log
        )
        (self.wakes, self.waker) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        lines.onEvent { [waker] in waker.yield() }
    }

    /// Keeps a batch of the mail log, in place of one of the same number. It is sent once it is confirmed.
    ///
    /// - Parameters:
    ///   - events: With the seconds since 1970.
    ///   - number: Grows from batch to batch.
    /// - Returns: Whether the batch is settled: kept, or not wanted. `false` before the first pass has read the settings:
    ///   then it has to be given again later.
    package func store(_ events: [(time: Int, event: MailEvent)], batch number: Int) -> Bool {
        guard let node = node() else { return false }
        guard node.settings.logs != nil else { return true }
        spool.adopt("\(node.instance)")
        let batch = EventSpool.Batch(.mail, number)
        let records = events.enumerated().map { index, item in
            let record = MailEventRecord(
                item.event,
                time: item.time,
                id: batch.id(of: index),
                instance: node.instance,
                addresses: node.settings.addresses
            )
            return LogEvent(time: item.time * 1000, message: "\(record)")
        }
        spool.store(records, as: batch)
        return true
    }

    /// Lets batches of the mail log up to a number be sent: they will not be given again.
    package func confirm(through number: Int) {
        spool.confirm(through: number)
        if spool.hasNext { waker.yield() }
    }

    /// Sends until its task is cancelled. While nothing waits, only the metrics wake it, once a minute.
    package func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.sendLogs() }
            group.addTask { await self.sendMetrics() }
        }
    }

    /// Puts the agent's log on the disk, for the next process.
    package func keep() async { await sender.keep() }

    /// Sends the last events and values of a node that leaves, after `run` has ended. It takes some seconds at most; events
    /// that are left stay on the disk.
    package func finish() async {
        await CallDeadline.by(time.now() + Self.farewell) {
            _ = await sender.send()
            await metrics.send()
        }
    }

    private func sendLogs() async {
        // An earlier process may have left some.
        waker.yield()
        for await _ in wakes {
            var pause: Duration? = Self.gathering
            while let wait = pause {
                do {
                    try await time.sleep(wait)
                } catch {
                    return
                }
                pause = await sender.send()
            }
        }
    }

    private func sendMetrics() async {
        while !Task.isCancelled {
            let now = time.secondsSinceEpoch()
            let offset = second
            let next = (((now - offset) / 60).rounded(.down) + 1) * 60 + offset
            do {
                try await time.sleep(.seconds(next - now))
            } catch {
                return
            }
            await metrics.send()
        }
    }

    /// The second of each minute in which this node sends: the calls of a fleet come one after another, and those of an agent
    /// that was restarted in the same second as before.
    private var second: Double {
        let id = node().map { "\($0.instance)" } ?? ""
        return Double(5 + id.utf8.reduce(0) { ($0 * 31 + Int($1)) % 40 })
    }
}
