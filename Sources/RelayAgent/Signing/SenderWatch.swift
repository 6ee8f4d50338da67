import AgentLog
import Resources
import Signer
import Synchronization
import Vocabulary

/// Says in the log whose mail is refused, or would be, and counts it. One application may send thousands of such
/// messages, so each of its senders is named once an hour.
final class SenderWatch: Sendable {
    private struct Memory {
        var names: Set<String> = []
        var since: ContinuousClock.Instant
    }

    private static let span: Duration = .seconds(3600)
    private static let limit = 1000

    private let log: StepLog
    private let results: PendingResults
    private let memory = Mutex(Memory(since: .now))

    init(log: StepLog, results: PendingResults) {
        self.log = log
        self.results = results
    }

    func saw(_ violation: SenderViolation, _ envelope: MilterEnvelope, _ mode: SenderRules.Mode) {
        let client = envelope.client?.address ?? envelope.client?.name ?? "an unknown client"
        let words = "mail of \(client) \(mode == .warn ? "would be" : "is") refused: \(violation)".escapedForDisplay
        let isNew = memory.withLock { memory in
            if .now - memory.since > Self.span { memory = Memory(since: .now) }
            return memory.names.count < Self.limit && memory.names.insert(words).inserted
        }
        if isNew { log.warning("senders", words) }
        results.tell(mode == .warn ? .senderReported : .senderRefused)
    }
}
