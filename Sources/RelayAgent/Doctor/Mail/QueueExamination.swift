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

    func findings() async throws -> [Finding] {
        let counts = try queue.counts()
        guard counts.deferred > 0 || counts.hold > 0 else { return [] }
        return Self.judge(counts, await listing(), now: now)
    }

    /// What Postfix says of each deferred message; nothing where it can't be asked.
    private func listing() async -> [DeferredMessage] {
        let json = try? await runner.run(Command("postqueue", ["-j"], timeout: .seconds(8)))
        if let json, json.status == 0 { return DeferredMessage.read(json: json.standardOutput) }
        // Postfix before 3.1, as CentOS 7 and Amazon Linux 2 have it, writes no JSON.
        let text = try? await runner.run(Command("postqueue", ["-p"], timeout: .seconds(8)))
        return text.map { DeferredMessage.read(text: $0.standardOutput) } ?? []
    }

    static func judge(_ counts: PostfixQueue.Counts, _ messages: [DeferredMessage], now: Int) -> [Finding] {
        var findings: [Finding] = []
        if counts.deferred > 0 {
            let oldest = messages.compactMap { message in message.arrival.map { (at: $0, message.reason) } }
                .min { $0.at < $1.at }
            let arrival = oldest?.at ?? counts.oldestDeferred
            let age = arrival.map { max(0, now - $0) } ?? 0
            let reason = oldest?.1 ?? messages.lazy.compactMap(\.reason).first ?? "no reason is written down"
            findings.append(
                Finding(
                    .mailDeferred,
                    // Within that time a message that was put off once has not been tried again (minimal_backoff_time).
                    age > 300 ? .warning : .info,
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
