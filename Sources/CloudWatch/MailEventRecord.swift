package import MailLogs
package import Vocabulary

/// A mail event as the JSON line that CloudWatch gets. The names of its fields are stable: queries and filters go by them.
package struct MailEventRecord: Sendable, CustomStringConvertible {
    /// The line, without its end.
    package let description: String

    /// - Parameters:
    ///   - time: Seconds since 1970.
    ///   - id: Names the event on this node, so that a query can count one that came twice only once.
    package init(_ event: MailEvent, time: Int, id: String, instance: InstanceID, addresses: AddressForm) {
        var line = JSONLine()
        line.add("time", "\(Timestamp(secondsSinceEpoch: time))")
        line.add("instance", "\(instance)")
        line.add("log", "mail")
        line.add("id", id)
        line.add("event", Self.name(of: event))
        line.add("queue_id", event.queueID?.description)
        Self.add(event, AddressWriting(form: addresses), to: &line)
        self.description = line.description
    }

    private static func name(of event: MailEvent) -> String {
        switch event {
        case .accepted: "accepted"
        case .submitted: "submitted"
        case .identified: "identified"
        case .queued: "queued"
        case .delivery(_, let delivery): delivery.status.rawValue
        case .expired: "expired"
        case .notice: "notice"
        case .held: "held"
        case .released: "released"
        case .requeued: "requeued"
        case .deleted: "deleted"
        case .removed: "removed"
        // An operator can hold a message, too.
        case .verdict(_, let verdict): verdict.kind == .held ? "held_by_rule" : verdict.kind.rawValue
        }
    }

    private static func add(_ event: MailEvent, _ addresses: AddressWriting, to line: inout JSONLine) {
        switch event {
        case .accepted(_, let client): add(client, to: &line)
        case .submitted(_, let formerly): line.add("former_id", formerly?.description)
        case .identified(_, let id): line.add("message_id", addresses.messageID(id))
        case .queued(_, let sender, let size, let recipients):
            line.add("sender", addresses.address(sender))
            line.add("size", size)
            line.add("recipients", recipients)
        case .delivery(_, let delivery): add(delivery, addresses, to: &line)
        case .notice(_, let id): line.add("notice_id", id.description)
        case .verdict(_, let verdict): add(verdict, addresses, to: &line)
        case .expired, .held, .released, .requeued, .deleted, .removed: break
        }
    }

    private static func add(_ client: MailEvent.Client, to line: inout JSONLine) {
        line.add("client", client.name)
        line.add("client_address", client.address?.description)
    }

    private static func add(_ delivery: MailEvent.Delivery, _ addresses: AddressWriting, to line: inout JSONLine) {
        line.add("recipient", addresses.address(delivery.recipient))
        line.add("original_recipient", delivery.originalRecipient.map(addresses.address))
        line.add("relay", delivery.relay)
        line.add("delay", thousandths: delivery.delay)
        line.add("code", delivery.code)
        line.add("next_id", delivery.nextID?.description)
        line.add("text", addresses.text(delivery.text, about: [delivery.recipient, delivery.originalRecipient]))
    }

    private static func add(_ verdict: MailEvent.Verdict, _ addresses: AddressWriting, to line: inout JSONLine) {
        line.add("stage", verdict.stage)
        add(verdict.client, to: &line)
        line.add("sender", verdict.sender.map(addresses.address))
        line.add("recipient", verdict.recipient.map(addresses.address))
        line.add("text", addresses.text(verdict.answer, about: [verdict.sender, verdict.recipient]))
    }
}
