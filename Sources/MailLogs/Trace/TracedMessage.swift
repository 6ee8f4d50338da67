import Vocabulary

/// A message, as the log tells of it.
package struct TracedMessage: Sendable, Equatable {
    /// An event, and its time.
    package struct Step: Sendable, Equatable {
        /// Seconds since 1970; `nil` where the line has none that can be read.
        package let time: Int?
        package let event: MailEvent
    }

    /// The fate of a message for a recipient.
    package enum Outcome: String, Sendable, Equatable, CaseIterable {
        case sent, waiting, bounced, expired, deleted
        /// It goes on under another id.
        case requeued
    }

    package let id: QueueID
    package private(set) var steps: [Step] = []

    init(id: QueueID) { self.id = id }

    mutating func add(_ step: Step) { steps.append(step) }

    /// Whether it has left the queue: an id may be given again after that (postconf(5), enable_long_queue_ids).
    var hasEnded: Bool {
        steps.last.map { step in
            switch step.event {
            case .removed, .deleted, .requeued: true
            default: false
            }
        } ?? false
    }

    package var client: MailEvent.Client? {
        steps.lazy.compactMap { if case .accepted(_, let client) = $0.event { client } else { nil } }.first
    }

    package var messageID: String? {
        steps.lazy.compactMap { if case .identified(_, let messageID) = $0.event { messageID } else { nil } }.first
    }

    /// The envelope's sender: empty for a notice.
    package var sender: String? {
        steps.lazy.compactMap { if case .queued(_, let sender, _) = $0.event { sender } else { nil } }.first
    }

    /// Bytes.
    package var size: Int? {
        steps.lazy.compactMap { if case .queued(_, _, let size) = $0.event { size } else { nil } }.first
    }

    /// The notices to its sender.
    var notices: [QueueID] {
        steps.compactMap { if case .notice(_, let id) = $0.event { id } else { nil } }
    }

    /// The last try for each recipient, in the order of the first tries.
    package var deliveries: [MailEvent.Delivery] {
        var order: [String] = []
        var last: [String: MailEvent.Delivery] = [:]
        for step in steps {
            guard case .delivery(_, let delivery) = step.event else { continue }
            if last.updateValue(delivery, forKey: delivery.recipient) == nil { order.append(delivery.recipient) }
        }
        return order.compactMap { last[$0] }
    }

    /// The fate for each recipient that the log names; of the message where it names none yet.
    package var outcomes: [Outcome] {
        let end: Outcome =
            has(.expired(id)) ? .expired : has(.deleted(id)) ? .deleted : has(.requeued(id)) ? .requeued : .waiting
        let outcomes = deliveries.map { delivery -> Outcome in
            switch delivery.status {
            case .sent, .deliverable: .sent
            case .bounced, .undeliverable: .bounced
            case .deferred: end
            }
        }
        return outcomes.isEmpty ? [end] : outcomes
    }

    /// Whether a milter or a rule refused it after its data; then it was never queued.
    package var refusal: MailEvent.Refusal? {
        guard deliveries.isEmpty, sender == nil else { return nil }
        return steps.lazy.compactMap { if case .refusal(_, let refusal) = $0.event { refusal } else { nil } }.last
    }

    /// Whether the last that happened to it is that somebody holds it.
    package var isHeld: Bool {
        for step in steps.reversed() {
            switch step.event {
            case .held: return true
            case .released: return false
            default: continue
            }
        }
        return false
    }

    private func has(_ event: MailEvent) -> Bool { steps.contains { $0.event == event } }
}
