import AWS
import AgentLog
import HTTP
import Vocabulary

/// Sends the events that wait to the log group, the oldest first.
actor LogSender {
    private let spool: EventSpool
    private let lines: AgentLogBuffer
    private let node: @Sendable () -> CloudWatchNode?
    private let time: TimeSource
    private var trouble: Trouble
    /// The calls that are left of some batches: what has arrived is not sent again.
    private var underWay: (batches: [EventSpool.Batch], calls: [LogEventBatch])?
    private var failures = 0
    private var nextNumber: Int

    /// Bytes of one call: far below the API's limit, so that the agent stays small.
    private static let callSize = 256 << 10
    /// The wait after a failure, and the longest one.
    private static let patience: (base: Duration, cap: Duration) = (.seconds(5), .seconds(300))
    /// Codes for which the same events are refused every time.
    private static let refusals: Set = ["InvalidParameterException", "SerializationException", "ValidationException"]

    init(
        spool: EventSpool,
        lines: AgentLogBuffer,
        node: @escaping @Sendable () -> CloudWatchNode?,
        time: TimeSource,
        log: StepLog
    ) {
        self.spool = spool
        self.lines = lines
        self.node = node
        self.time = time
        self.trouble = Trouble(of: "the log", log: log)
        // The time makes the numbers of two processes differ, since they name events.
        self.nextNumber = max((spool.newest(.agent) ?? 0) + 1, Int(time.secondsSinceEpoch()))
    }

    /// Sends all that waits and may be sent.
    ///
    /// - Returns: The wait before the next try; `nil` where nothing is left.
    func send() async -> Duration? {
        // The settings come with the first pass. On a sender there is no node ever.
        guard let node = node() else { return pause() }
        guard let group = node.settings.logs else {
            _ = lines.take()
            spool.clear()
            underWay = nil
            return nil
        }
        spool.adopt("\(node.instance)")
        keepLines(of: node)
        while prepare() {
            while let call = underWay?.calls.first {
                do throws(AWSFailure) {
                    spool.drop(try await put(call, node, group))
                    trouble.ended()
                    failures = 0
                } catch {
                    guard !Task.isCancelled else { return nil }
                    trouble.began(error.error?.code ?? "", "\(error)")
                    guard Self.refusals.contains(error.error?.code ?? "") else { return pause() }
                    spool.drop(call.events.count)
                }
                underWay?.calls.removeFirst()
            }
            spool.remove(underWay?.batches ?? [])
            underWay = nil
        }
        return nil
    }

    /// Puts the agent's log on the disk.
    func keep() {
        guard let node = node(), node.settings.logs != nil else { return }
        keepLines(of: node)
    }

    /// One try: the loop makes the others.
    private func put(
        _ call: LogEventBatch,
        _ node: CloudWatchNode,
        _ group: LogGroupName
    ) async throws(AWSFailure) -> Int {
        let result = await CallPatience.limited(to: 1) { () -> Result<Int, AWSFailure> in
            do throws(AWSFailure) {
                return .success(try await node.logs.put(call, to: "\(node.instance)", of: group))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// Takes the next batches, unless some are under way.
    ///
    /// - Returns: Whether there is anything to send.
    private func prepare() -> Bool {
        if underWay != nil { return true }
        let next = spool.next(upTo: Self.callSize)
        guard !next.batches.isEmpty else { return false }
        let (calls, dropped) = LogEventBatch.batches(of: next.events, now: Int(time.secondsSinceEpoch() * 1000))
        spool.drop(dropped)
        underWay = (next.batches, calls)
        return true
    }

    /// Puts the agent's log on the disk, with the mail log.
    private func keepLines(of node: CloudWatchNode) {
        let (events, dropped) = lines.take()
        spool.drop(dropped)
        guard !events.isEmpty else { return }
        let batch = EventSpool.Batch(.agent, nextNumber)
        nextNumber += 1
        let records = events.enumerated().map { index, event in
            let record = AgentLogRecord(
                event,
                id: batch.id(of: index),
                instance: node.instance,
                addresses: node.settings.addresses
            )
            return LogEvent(time: event.time * 1000, message: "\(record)")
        }
        spool.store(records, as: batch)
    }

    private func pause() -> Duration {
        failures += 1
        let longest = min(Self.patience.cap, Self.patience.base * (1 << min(failures - 1, 16)))
        // A fleet that failed together does not come back together.
        return longest * (0.5 + time.random() / 2)
    }
}

extension EventSpool.Batch {
    /// The name of an event, by its place in the batch.
    func id(of index: Int) -> String { "\(series.rawValue)-\(number)-\(index)" }
}
