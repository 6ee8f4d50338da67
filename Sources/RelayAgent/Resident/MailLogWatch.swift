import AgentLog
import CloudWatch
import Host
import MailLogs
import Reports
import Vocabulary

/// Follows the mail log while the agent stays, for the metrics and for CloudWatch.
struct MailLogWatch: Sendable {
    private let host: HostAccess
    private let cloudWatch: CloudWatchExport
    private let log: StepLog
    private let started = ContinuousClock.now

    private static let interval: Duration = .seconds(5)
    /// Seconds: monitoring sees by the time of the last reading that somebody reads.
    private static let longestPause = 120
    /// Seconds of the log before the agent's first start that count, where this boot is older.
    private static let past = 3600

    /// The time that the first pass has to tell whether CloudWatch gets the events. Counts do not wait for longer.
    private static let patience: Duration = .seconds(120)

    init(host: HostAccess, cloudWatch: CloudWatchExport, log: StepLog) {
        self.host = host
        self.cloudWatch = cloudWatch
        self.log = log
    }

    /// Follows until its task is cancelled.
    func run(on thread: LookThread) async {
        let file = FollowedLogFile(files: host.files)
        var follower = MailLogFollower(runner: host.runner, files: host.files)
        var followed = file.read() ?? FollowedLog(start: start)
        // Events that an earlier process has read and counted.
        cloudWatch.confirm(through: followed.batch)
        var hasFailed = false
        while !Task.isCancelled {
            do {
                defer { ProgramMemory.letGoOfCode() }
                try await readOn(&followed, by: &follower, to: file)
                if hasFailed { log.notice("mail log", "it can be read again") }
                hasFailed = false
            } catch {
                if !hasFailed, !Task.isCancelled { log.warning("mail log", "\(error)") }
                hasFailed = true
            }
            await thread.wait(pause: Self.interval) { [follower, readAt = followed.readAt ?? 0] in
                follower.hasNews || Timestamp.seconds - readAt >= Self.longestPause
            }
        }
    }

    private func readOn(
        _ followed: inout FollowedLog,
        by follower: inout MailLogFollower,
        to file: FollowedLogFile
    ) async throws {
        // A pass removes the file where it is another instance's.
        if followed.readAt != nil, !file.exists { followed = FollowedLog(start: start) }
        let networks = StatusFile(files: host.files).read()?.networks ?? []
        var isCut = true
        while isCut, !Task.isCancelled {
            // A crash, or an error, before the state is written reads the same part again, and counts it for the first time.
            var (next, reader) = (followed, follower)
            let batch = try await reader.readOn(
                &next,
                networks: networks.compactMap { try? IPNetwork($0) },
                now: Timestamp.seconds
            )
            if !batch.events.isEmpty {
                let isSettled = cloudWatch.store(batch.events.map { ($0.time, $0.event) }, batch: next.batch)
                guard isSettled || ContinuousClock.now - started > Self.patience else { return }
            }
            try file.write(next)
            (followed, follower) = (next, reader)
            cloudWatch.confirm(through: next.batch)
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
