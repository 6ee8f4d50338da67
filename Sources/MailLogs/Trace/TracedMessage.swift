import Vocabulary

/// A message, as the log tells of it.
package struct TracedMessage: Sendable, Equatable {
    /// An event, and its time.
    package struct Step: Sendable, Equatable {
        /// Seconds since 1970; `nil` where the line has none that can be read.
        package let time: Int?
        package let event: MailEvent

        package init(time: Int?, event: MailEvent) {
            self.time = time
            self.event = event
        }
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
        first { if case .accepted(_, let client) = $0 { client } else { nil } }
    }

    package var messageID: String? {
        first { if case .identified(_, let messageID) = $0 { messageID } else { nil } }
    }

    /// The envelope's sender: empty for a notice; `nil` where it was never queued.
    package var sender: String? {
        first { if case .queued(_, let sender, _, _) = $0 { sender } else { nil } }
    }

    /// Bytes.
    package var size: Int? {
        first { if case .queued(_, _, let size, _) = $0 { size } else { nil } }
    }

    /// The number of recipients that it came with.
    var recipients: Int {
        first { if case .queued(_, _, _, let recipients) = $0 { recipients } else { nil } } ?? 0
    }

    /// The notices to its sender.
    var notices: [QueueID] {
        steps.compactMap { if case .notice(_, let id) = $0.event { id } else { nil } }
    }

    var verdicts: [MailEvent.Verdict] {
        steps.compactMap { if case .verdict(_, let verdict) = $0.event { verdict } else { nil } }
    }

    /// The last try for each recipient, in the order of the first tries.
    var deliveries: [MailEvent.Delivery] {
        var order: [String] = []
        var last: [String: MailEvent.Delivery] = [:]
        for step in steps {
            guard case .delivery(_, let delivery) = step.event else { continue }
            if last.updateValue(delivery, forKey: delivery.recipient) == nil { order.append(delivery.recipient) }
        }
        return order.compactMap { last[$0] }
    }

    /// Whether the last that happened to it is that somebody, or a rule, holds it.
    package var isHeld: Bool {
        for step in steps.reversed() {
            switch step.event {
            case .held: return true
            case .verdict(_, let verdict) where verdict.kind == .held: return true
            case .released: return false
            default: continue
            }
        }
        return false
    }

    func has(_ event: MailEvent) -> Bool { steps.contains { $0.event == event } }

    private func first<Value>(_ value: (MailEvent) -> Value?) -> Value? {
        for step in steps { if let found = value(step.event) { return found } }
        return nil
    }
}
