import FoundationEssentials
import MailLogs
import Vocabulary

/// A mail event, read from the JSON line that a node has written to CloudWatch.
struct RecordedMailEvent: Sendable, Equatable {
    let instance: String
    /// Names the event on its node: one that came twice has the same.
    let id: String
    let event: MailEvent

    /// `nil` where a line is none of the mail log.
    init?(_ line: String) {
        guard let fields = try? JSONDecoder().decode(Fields.self, from: Data(line.utf8)), fields.log == "mail",
            let event = fields.mailEvent
        else { return nil }
        (self.instance, self.id, self.event) = (fields.instance, fields.id, event)
    }

    private struct Fields: Decodable {
        let instance, log, id: String
        let event, queue_id, client, client_address, former_id, message_id, sender: String?
        let size, recipients: Int?
        let recipient, original_recipient, relay, code, notice_id, stage, text: String?
        let delay: Double?

        var mailEvent: MailEvent? {
            let id = queue_id.flatMap { QueueID($0) }
            if let verdict { return .verdict(id, verdict) }
            guard let id else { return nil }
            if let delivery { return .delivery(id, delivery) }
            switch event {
            case "accepted": return .accepted(id, from: from)
            case "submitted": return .submitted(id, formerly: former_id.flatMap { QueueID($0) })
            case "identified": return .identified(id, messageID: message_id ?? "")
            case "queued": return .queued(id, sender: sender ?? "", size: size ?? 0, recipients: recipients ?? 0)
            case "expired": return .expired(id)
            case "notice": return notice_id.flatMap { QueueID($0) }.map { .notice(id, id: $0) }
            case "held": return .held(id)
            case "released": return .released(id)
            case "requeued": return .requeued(id)
            case "deleted": return .deleted(id)
            case "removed": return .removed(id)
            default: return nil
            }
        }

        private var from: MailEvent.Client {
            MailEvent.Client(name: client ?? "unknown", address: client_address.flatMap { try? IPAddress($0) })
        }

        private var delivery: MailEvent.Delivery? {
            guard let status = event.flatMap(MailEvent.Delivery.Status.init) else { return nil }
            return MailEvent.Delivery(
                recipient: recipient ?? "",
                originalRecipient: original_recipient,
                relay: relay,
                delay: delay ?? 0,
                code: code ?? "",
                status: status,
                text: text ?? ""
            )
        }

        private var verdict: MailEvent.Verdict? {
            let kind = event == "held_by_rule" ? .held : event.flatMap(MailEvent.Verdict.Kind.init)
            // An operator holds a message, too, without a rule.
            guard let kind, event != "held" else { return nil }
            return MailEvent.Verdict(
                kind: kind,
                stage: stage ?? "",
                client: from,
                answer: text ?? "",
                sender: sender,
                recipient: recipient
            )
        }
    }
}
