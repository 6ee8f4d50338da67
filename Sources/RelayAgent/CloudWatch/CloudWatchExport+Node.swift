package import AgentLog
package import CloudWatch
package import Host
import MailLogs
import RelayNode
package import Reports
import Resources
import SystemPackage
import Vocabulary

extension CloudWatchExport {
    /// The export of a resident agent. It goes by the settings and the facts of the last pass.
    ///
    /// - Parameter lines: The agent's own log.
    package convenience init(gatherer: Gatherer, files: FileSystem, lines: AgentLogBuffer, log: StepLog) {
        let start = Timestamp.seconds
        self.init(
            spool: EventSpool(files: files),
            files: files,
            lines: lines,
            node: { gatherer.cloudWatchNode },
            readings: {
                StatusFile(files: files).read().map {
                    let isHealthy = files.exists(FilePath(NginxConfiguration.healthFile))
                    let mail = FollowedLogFile(files: files).read().map { MailTotals($0.tally.counts) }
                    return NodeReadings($0, isHealthy: isHealthy, mail: mail, start: start, now: Timestamp.seconds)
                }
            },
            log: log
        )
    }
}

extension Gatherer {
    /// This node as it writes to CloudWatch; `nil` before the first pass, and where there is no instance.
    fileprivate var cloudWatchNode: CloudWatchNode? {
        guard let settings = memory.resident.cloudWatch, let facts = memory.facts, let account = account(of: facts)
        else { return nil }
        return CloudWatchNode(
            settings: settings,
            instance: facts.instanceID,
            group: settings.group(of: facts),
            logs: account.logs,
            metrics: account.metrics
        )
    }
}

extension NodeReadings {
    /// - Parameters:
    ///   - isHealthy: Whether the health check answers 200.
    ///   - start: When the agent started, in seconds since 1970.
    ///   - now: Seconds since 1970.
    package init(_ status: NodeStatus, isHealthy: Bool, mail: MailTotals?, start: Int, now: Int) {
        let queue = status.queue
        self.init(
            isHealthy: isHealthy,
            lastSuccessAge: max(0, now - (status.lastSuccessAt ?? start)),
            queueMessages: queue.map { $0.waiting + $0.hold } ?? 0,
            oldestDeferred: queue?.oldestDeferred.map { max(0, now - $0) } ?? 0,
            messagesLeft: status.drain?.left?.total ?? 0,
            mail: mail
        )
    }
}
