import AgentLog
import HTTP
import Host
import MailLogs
import RelayTestSupport
import Synchronization
import Testing
import Vocabulary

@testable import CloudWatch

/// A node that writes to a CloudWatch of the test's.
final class World: Sendable {
    /// Keeps what is logged.
    final class Lines: LogSink {
        private let kept = Mutex<[String]>([])

        func write(_ text: String) { kept.withLock { $0.append(text) } }

        var texts: [String] { kept.withLock { $0 } }
    }

    let cloud = FakeCloudWatch()
    let time = ManualTime()
    let lines = AgentLogBuffer()
    let logged = Lines()
    let files: FileSystem
    private let settings: Mutex<CloudWatchSettings?>
    private let state: Mutex<NodeReadings?> = Mutex(nil)
    private let instance: InstanceID

    init(_ files: FileSystem) throws {
        self.files = files
        self.settings = Mutex(
            CloudWatchSettings(
                logs: try LogGroupName("/relay/mail"),
                metrics: try MetricNamespace("SMTPRelay"),
                addresses: .masked
            )
        )
        self.instance = try InstanceID("i-0123456789abcdef0")
    }

    func set(_ new: CloudWatchSettings?) { settings.withLock { $0 = new } }

    func set(_ new: NodeReadings?) { state.withLock { $0 = new } }

    var log: StepLog { StepLog(.plain, environment: [:], sink: logged) }

    var node: CloudWatchNode? {
        settings.withLock { $0 }.map {
            CloudWatchNode(settings: $0, instance: instance, group: "relays", logs: cloud, metrics: cloud)
        }
    }

    func spool() -> EventSpool { EventSpool(files: files, reserve: 0) }

    func sender(_ spool: EventSpool) -> LogSender {
        LogSender(spool: spool, lines: lines, node: { self.node }, time: time.source, log: log)
    }

    func metrics(_ spool: EventSpool) -> MetricSender {
        MetricSender(
            files: files,
            spool: spool,
            node: { self.node },
            readings: { self.state.withLock { $0 } },
            time: time.source,
            log: log
        )
    }

    func export(_ spool: EventSpool, time: TimeSource? = nil) -> CloudWatchExport {
        CloudWatchExport(
            spool: spool,
            files: files,
            lines: lines,
            node: { self.node },
            readings: { self.state.withLock { $0 } },
            log: log,
            time: time ?? self.time.source
        )
    }

    /// Has the agent log a line now.
    func hear(_ text: String) {
        let now = Int(time.source.secondsSinceEpoch())
        lines.heard(AgentLogEvent(time: now, level: "info", step: nil, text: text))
    }

    /// Messages that left the queue now, one for each number.
    func events(_ numbers: Int...) throws -> [(time: Int, event: MailEvent)] {
        let now = Int(time.source.secondsSinceEpoch())
        return try numbers.map { (now, .removed(try #require(QueueID("0123456\($0)")))) }
    }
}
