import AWS
import AgentLog
import HTTP
import Host
import Resources
import SystemPackage
import Vocabulary

/// Sends the metrics of the group.
actor MetricSender {
    private let files: FileSystem
    private let spool: EventSpool
    private let node: @Sendable () -> CloudWatchNode?
    private let readings: @Sendable () -> NodeReadings?
    private let time: TimeSource
    private let file: StateFile<SentCounts>
    private var trouble: Trouble

    private static let dimension = "Group"

    init(
        files: FileSystem,
        spool: EventSpool,
        node: @escaping @Sendable () -> CloudWatchNode?,
        readings: @escaping @Sendable () -> NodeReadings?,
        time: TimeSource,
        log: StepLog
    ) {
        self.files = files
        self.spool = spool
        self.node = node
        self.readings = readings
        self.time = time
        self.file = StateFile(SpoolFolder.path.appending("counts.json"), in: files, isSecret: true)
        self.trouble = Trouble(of: "metrics", log: log)
    }

    /// Sends the values of this minute. Counts that did not arrive are part of the next ones.
    func send() async {
        guard let node = node(), let namespace = node.settings.metrics, let readings = readings() else { return }
        let before = file.read() ?? SentCounts()
        // All nodes of a group give the same time, so that a sum over them has each node once.
        let minute = Int(time.secondsSinceEpoch()) / 60 * 60
        let now = SentCounts(mail: readings.mail ?? before.mail, dropped: spool.dropped, minute: minute)
        do {
            try await CallPatience.limited(to: 1) {
                try await node.metrics.put(
                    readings.data(since: before, dropped: now.dropped, isFirst: before.minute != minute),
                    of: MetricDimension(name: Self.dimension, value: node.group),
                    to: namespace,
                    at: minute
                )
            }
            trouble.ended()
            try? SpoolFolder.make(files)
            try? file.write(now)
        } catch {
            guard !Task.isCancelled else { return }
            trouble.began((error as? AWSFailure)?.error?.code ?? "", "\(error)")
        }
    }
}
