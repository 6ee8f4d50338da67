import Host
import RelayNode
import Resources
import SystemPackage
import Units
import Vocabulary

/// The results of the last passes, with what can be seen at once: whether the agent runs, the health check, the queue.
struct StatusReading: Sendable {
    private(set) var status: NodeStatus
    let isAgentUp: Bool
    /// Whether the resident agent was started and has made no pass yet, as just after `bootstrap`.
    let isAgentStarting: Bool
    let isQueueOfNow: Bool
    /// Whether nginx has a file to answer the health check with 200; `nil` where that is not known.
    let isPublished: Bool?
    let now: Int

    /// `nil` where no pass has written anything down.
    init?(files: FileSystem) {
        guard var status = StatusFile(files: files).read() else { return nil }
        // An order is carried out for minutes, and its file says how far that is.
        if let now = try? DrainOrders(files: files).current() { status.drain = now }
        let name = status.agent.flatMap { try? files.bytes(at: FilePath("/proc/\($0)/comm")) } ?? []
        // The kernel keeps fifteen characters of a program's name.
        let isAgentUp = String(decoding: name, as: UTF8.self).hasPrefix("smtp-relay-agen")
        self.init(
            status,
            isAgentUp: isAgentUp,
            isPublished: files.exists(FilePath(NginxConfiguration.healthFile)),
            queue: try? PostfixQueue(files: files).counts(),
            now: Timestamp.seconds
        )
    }

    /// - Parameter queue: The queue as it is now, where it may be looked at.
    init(
        _ status: NodeStatus,
        isAgentUp: Bool,
        isPublished: Bool? = nil,
        queue: PostfixQueue.Counts?,
        now: Int
    ) {
        self.isPublished = isPublished
        self.status = status
        self.isAgentUp = isAgentUp
        let agent = Units.agent.name.split(separator: ".")[0]
        self.isAgentStarting =
            status.agent == nil
            && status.services.contains { $0.isActive && $0.name.split(separator: ".")[0] == agent }
        self.isQueueOfNow = queue != nil
        self.now = now
        if let queue {
            self.status.queue = queue
            self.status.queueCountedAt = now
        }
        if !isAgentUp {
            self.status.agent = nil
            self.status.nextPassAt = nil
        }
    }

    /// Whether the timer, or cron, makes passes in place of a resident agent.
    var hasRegularPasses: Bool {
        status.services.contains { service in
            // A timer works as long as it is active, and the script of System V at boot and by cron.
            service.name == Units.reconcileTimer.name
                ? service.isActive : service.name.hasPrefix("smtp-relay-agent-reconcile") && service.isEnabled
        }
    }

    /// The age of something, and the time where that is hours ago.
    func ago(_ time: Int) -> String {
        let seconds = max(0, now - time)
        guard seconds >= 7200 else { return Self.period(seconds) + " ago" }
        return "\(Self.period(seconds)) ago (\(Timestamp(secondsSinceEpoch: time)))"
    }

    /// The largest unit that shows at least two of it.
    static func period(_ seconds: Int) -> String {
        switch seconds {
        case ..<120: "\(seconds) s"
        case ..<7200: "\(seconds / 60) min"
        default: "\(seconds / 3600) h"
        }
    }

    static func firstLine(_ text: String) -> String {
        text.split(separator: "\n").first.map(String.init) ?? ""
    }
}
