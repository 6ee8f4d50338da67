import FoundationEssentials
import Host
import Resources
import Vocabulary

/// Whether mail waits in the queue, for how long and why.
struct QueueExamination: Examination {
    let name = "queue"
    let queue: PostfixQueue
    let runner: any CommandRunner
    /// Seconds since 1970.
    let now: Int
    /// The number of deliveries in the last hour.
    let delivered: @Sendable () async -> Int

    func findings() async throws -> [Finding] {
        let counts = try queue.counts()
        guard counts.deferred > 0 || counts.hold > 0 else { return [] }
        let messages = await listing()
        let isWorthAsking = Self.stale(counts, messages, now: now) >= Self.leastStale
        return Self.judge(counts, messages, delivered: isWorthAsking ? await delivered() : 0, now: now)
    }

    /// The deferred messages that have waited for longer than greylisting takes.
    private static func stale(_ counts: PostfixQueue.Counts, _ messages: [DeferredMessage], now: Int) -> Int {
        let arrivals = messages.compactMap(\.arrival)
        guard arrivals.isEmpty else { return arrivals.count { now - $0 > patience } }
        return counts.oldestDeferred.map { now - $0 > patience } == true ? counts.deferred : 0
    }

    /// Seconds.
    private static let patience = 3600
    /// Fewer are what a relay with real receivers always has: domains that are gone, mailboxes that are full.
    private static let leastStale = 5

    /// Postfix's report of each deferred message; nothing where it can't be asked.
    private func listing() async -> [DeferredMessage] {
        let json = try? await runner.run(Command("postqueue", ["-j"], timeout: .seconds(8)))
        if let json, json.status == 0 { return DeferredMessage.read(json: json.standardOutput) }
        // Postfix before 3.1, as CentOS 7 and Amazon Linux 2 have it, writes no JSON.
        let text = try? await runner.run(Command("postqueue", ["-p"], timeout: .seconds(8)))
        return text.map { DeferredMessage.read(text: $0.standardOutput) } ?? []
    }

    /// - Parameter delivered: The deliveries of the last hour. On a busy relay, receivers make a tenth of the mail wait.
    static func judge(
        _ counts: PostfixQueue.Counts,
        _ messages: [DeferredMessage],
        delivered: Int,
        now: Int
    ) -> [Finding] {
        var findings: [Finding] = []
        if counts.deferred > 0 {
            let oldest = messages.compactMap { message in message.arrival.map { (at: $0, message.reason) } }
                .min { $0.at < $1.at }
            let arrival = oldest?.at ?? counts.oldestDeferred
            let age = arrival.map { max(0, now - $0) } ?? 0
            let stale = stale(counts, messages, now: now)
            let isMany = stale >= leastStale && stale * 10 >= delivered
            let reason = oldest?.1 ?? messages.lazy.compactMap(\.reason).first ?? "no reason is written down"
            findings.append(
                Finding(
                    .mailDeferred,
                    isMany ? .warning : .info,
                    seen: """
                        \(counts.deferred) \(counts.deferred == 1 ? "message waits" : "messages wait"), the oldest for \
                        \(age) s: \(reason.escapedForDisplay)
                        """,
                    fix: "mailq; once the cause is mended: postqueue -f"
                )
            )
        }
        if counts.hold > 0 {
            findings.append(
                Finding(
                    .mailOnHold,
                    seen: "\(counts.hold) \(counts.hold == 1 ? "message is" : "messages are") on hold",
                    fix: "postsuper -H ALL"
                )
            )
        }
        return findings
    }
}

/// A deferred message, as Postfix's own list has it.
struct DeferredMessage: Equatable {
    /// Seconds since 1970; `nil` where the list does not say it so that it can be compared.
    let arrival: Int?
    let reason: String?

    private struct Entry: Decodable {
        struct Recipient: Decodable { let delay_reason: String? }
        let queue_name: String
        let arrival_time: Int?
        let recipients: [Recipient]?
    }

    /// Reads `postqueue -j`: an object a line (postqueue(1)).
    static func read(json: String) -> [DeferredMessage] {
        let decoder = JSONDecoder()
        return json.split(separator: "\n").compactMap { line in
            guard let entry = try? decoder.decode(Entry.self, from: Data(line.utf8)), entry.queue_name == "deferred"
            else { return nil }
            let reason = entry.recipients?.lazy.compactMap(\.delay_reason).first
            return DeferredMessage(arrival: entry.arrival_time, reason: reason)
        }
    }

    /// Reads `postqueue -p`, where reasons stand in parentheses on lines of their own.
    static func read(text: String) -> [DeferredMessage] {
        text.split(separator: "\n").compactMap { line in
            let line = line.drop { $0 == " " }
            guard line.hasPrefix("("), line.hasSuffix(")") else { return nil }
            return DeferredMessage(arrival: nil, reason: String(line.dropFirst().dropLast()))
        }
    }
}

extension QueueExamination {
    /// The queue of the host that is examined.
    init(of host: ExaminedHost, delivered: @escaping @Sendable () async -> Int) {
        self.init(
            queue: PostfixQueue(files: host.files),
            runner: host.runner,
            now: host.now,
            delivered: delivered
        )
    }
}
