import AgentLog
import Host
import MailLogs
import Reports
import Vocabulary

/// Follows the mail log while the agent stays, for the metrics.
struct MailLogWatch: Sendable {
    private let host: HostAccess
    private let log: StepLog

    private static let interval: Duration = .seconds(5)
    /// Seconds: monitoring sees by the time of the last reading that somebody reads.
    private static let longestPause = 120
    /// Seconds of the log before the agent's first start that count, where this boot is older.
    private static let past = 3600

    init(host: HostAccess, log: StepLog) {
        self.host = host
        self.log = log
    }

    /// Follows until its task is cancelled.
    func run() async {
        let file = FollowedLogFile(files: host.files)
        var follower = await MailLogFollower(runner: host.runner, files: host.files)
        var followed = file.read() ?? FollowedLog(start: start)
        var hasFailed = false
        while !Task.isCancelled {
            do {
                if follower.hasNews || Timestamp.seconds - (followed.readAt ?? 0) >= Self.longestPause {
                    try await readOn(&followed, by: &follower, to: file)
                    if hasFailed { log.notice("mail log", "it can be read again") }
                    hasFailed = false
                }
            } catch {
                if !hasFailed, !Task.isCancelled { log.warning("mail log", "\(error)") }
                hasFailed = true
            }
            try? await Task.sleep(for: Self.interval)
        }
    }

    private func readOn(
        _ followed: inout FollowedLog,
        by follower: inout MailLogFollower,
        to file: FollowedLogFile
    ) async throws {
        let networks = StatusFile(files: host.files).read()?.networks ?? []
        var isCut = true
        while isCut, !Task.isCancelled {
            var next = followed
            let batch = try await follower.readOn(
                &next,
                networks: networks.compactMap { try? IPNetwork($0) },
                now: Timestamp.seconds
            )
            // A crash before this line reads the same part again, and counts it for the first time.
            try file.write(next)
            followed = next
            isCut = batch.isCut
        }
        try MetricsFile(files: host.files).write(now: Timestamp.seconds)
    }

    /// A node may have mail before its agent has begun.
    private var start: Int {
        let now = Timestamp.seconds
        return max(now - Self.past, now - Int(host.files.uptime ?? 0))
    }
}
