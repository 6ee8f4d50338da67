package import Vocabulary

/// A trace, for people and for programs.
package struct TraceReport: Sendable {
    private let trace: MailTrace
    private let relays: [IPNetwork]
    private let queue: [String: Int?]?
    /// The node, where it is another one than this.
    private let instance: String?

    /// - Parameters:
    ///   - relays: The networks whose servers are relays like this node, and no receivers.
    ///   - queue: The ids of the messages that are in the queue now, and when Postfix tries again those that are deferred, in
    ///     seconds since 1970; `nil` where the queue could not be read.
    ///   - instance: The node, where it is another one than this.
    package init(_ trace: MailTrace, relays: [IPNetwork], queue: [String: Int?]?, instance: String? = nil) {
        self.instance = instance
        self.trace = trace
        self.relays = relays
        self.queue = queue
    }

    /// 0 all of it was sent; 2 some waits; 3 some was bounced, refused or deleted; 1 nothing was found.
    package var exitStatus: Int32 {
        // The fate of a notice says nothing of the message.
        let notices = Set(trace.messages.flatMap(\.notices))
        var fates = trace.messages.filter { !notices.contains($0.id) }
            .map { (fate: fate(of: $0), time: $0.steps.first?.time) }
        for step in trace.verdicts {
            guard case .verdict(_, let verdict) = step.event else { continue }
            fates.append(
                (verdict.kind == .discarded ? .discarded : verdict.isTemporary ? .putOff : .refused, step.time)
            )
        }
        guard !fates.isEmpty else { return 1 }
        let taken = fates.filter { !$0.fate.isUpToTheClient }
        // A requeued message has the fate of the one that it became, and the client may have come again.
        let counted = fates.filter { fate, time in
            if fate == .requeued { return fates.allSatisfy { $0.fate == .requeued } }
            return !fate.isUpToTheClient || !taken.contains { ($0.time ?? 0) >= (time ?? 0) }
        }
        return counted.map(\.fate.exitStatus).max() ?? 0
    }

    /// The exit status for several nodes: one that has no such mail says nothing.
    package static func exitStatus(of reports: [TraceReport]) -> Int32 {
        let found = reports.filter { !$0.trace.messages.isEmpty || !$0.trace.verdicts.isEmpty }
        return found.map(\.exitStatus).max() ?? 1
    }

    private func fate(of message: TracedMessage) -> MessageFate {
        message.fate(of: trace.query, isQueued: queue.map { $0[message.id.description] != nil })
    }

    private func nextTry(of message: TracedMessage) -> Int? { queue?[message.id.description] ?? nil }

    package var text: String {
        var lines = instance.map { ["On node \($0):", ""] } ?? []
        if trace.leftOut > 0 {
            lines.append("\(trace.leftOut) older messages are left out; '--limit NUMBER' shows more.")
        }
        for message in trace.messages { lines += text(of: message) + [""] }
        for step in trace.verdicts { lines.append("\(time(step.time))  \(words(step.event))") }
        if !trace.verdicts.isEmpty { lines.append("") }
        if trace.messages.isEmpty, trace.verdicts.isEmpty { lines.append("No such mail is in this node's log.") }
        let reach = trace.reachesBackTo.map { "The log reaches back to \(Timestamp(secondsSinceEpoch: $0))." }
        lines.append(reach ?? "No line of the log can be read.")
        return lines.joined(separator: "\n") + "\n"
    }

    private func text(of message: TracedMessage) -> [String] {
        var title = "\(message.id): \(fate(of: message).rawValue)"
        if let next = nextTry(of: message) {
            title += ", next try \(Timestamp(secondsSinceEpoch: next))"
        }
        if let sender = message.sender { title += ", from \(sender.isEmpty ? "<>" : sender.escapedForDisplay)" }
        if let size = message.size { title += ", \(size) bytes" }
        if let messageID = message.messageID { title += ", Message-ID \(messageID.escapedForDisplay)" }
        return [title] + shownSteps(of: message).map { "  \(time($0.time))  \(words($0.event))" }
    }

    /// The steps that say something new: Postfix tells again, at each try, that it has the message.
    private func shownSteps(of message: TracedMessage) -> [TracedMessage.Step] {
        message.steps.filter { step in
            switch step.event {
            case .identified, .queued: false
            default: true
            }
        }
    }

    private func time(_ seconds: Int?) -> String {
        seconds.map { "\(Timestamp(secondsSinceEpoch: $0))" } ?? "at an unknown time"
    }

    private func words(_ event: MailEvent) -> String {
        switch event {
        case .accepted(_, let client): return "accepted from \(name(of: client))"
        case .submitted(_, nil): return "handed in by a program of this host"
        case .submitted(_, let former?): return "requeued: \(former) before"
        case .identified(_, let messageID): return "has Message-ID \(messageID.escapedForDisplay)"
        case .queued: return "queued"
        case .delivery(_, let delivery): return words(delivery)
        case .expired: return "given up: it waited for longer than maximal_queue_lifetime"
        case .notice(_, let id): return "its sender is told by message \(id)"
        case .held: return "put on hold"
        case .released: return "released from hold"
        case .requeued: return "requeued: it goes on under another id"
        case .deleted: return "deleted by an operator"
        case .removed: return "done: it has left the queue"
        case .verdict(_, let verdict):
            let verb = verdict.isTemporary ? "put off" : verdict.kind.rawValue
            let recipient = verdict.recipient.map { " for \($0.escapedForDisplay)" } ?? ""
            let sender = verdict.sender.map { " of \($0.isEmpty ? "<>" : $0.escapedForDisplay)" } ?? ""
            return "\(verb) at \(verdict.stage): mail\(sender)\(recipient) from \(name(of: verdict.client)): "
                + verdict.answer.escapedForDisplay
        }
    }

    private func words(_ delivery: MailEvent.Delivery) -> String {
        let recipient = delivery.recipient.escapedForDisplay
        let server = delivery.relay?.escapedForDisplay
        let text = delivery.text.escapedForDisplay
        switch delivery.status {
        case .sent:
            if isRelay(delivery.server) {
                return "handed over to the relay \(server ?? "") for \(recipient)"
                    + (delivery.nextID.map { ", where it is \($0)" } ?? "") + ": \(text)"
            }
            return "sent to \(recipient)\(server.map { " by \($0)" } ?? ""): \(text)"
        case .deferred: return "deferred for \(recipient)\(server.map { " by \($0)" } ?? ""): \(text)"
        case .bounced: return "bounced for \(recipient)\(server.map { " by \($0)" } ?? ""): \(text)"
        case .deliverable, .undeliverable: return "\(recipient) is \(delivery.status.rawValue): \(text)"
        }
    }

    private func isRelay(_ server: IPAddress?) -> Bool {
        guard let server else { return false }
        return relays.contains { $0.contains(server) }
    }

    private func name(of client: MailEvent.Client) -> String {
        let name = client.name.escapedForDisplay
        guard let address = client.address else { return name }
        return name == "unknown" ? "\(address)" : "\(address) (\(name))"
    }
}

// For programs.

extension TraceReport {
    package var json: String {
        ((try? document.indentedJSON()) ?? "{}") + "\n"
    }

    /// The traces of several nodes, this one first.
    package static func json(_ own: TraceReport, _ others: [TraceReport]) -> String {
        var document = own.document
        document.otherNodes = others.map(\.document)
        return ((try? document.indentedJSON()) ?? "{}") + "\n"
    }

    private var document: Document {
        Document(
            instance: instance,
            logReachesBackTo: trace.reachesBackTo.map { "\(Timestamp(secondsSinceEpoch: $0))" },
            messages: trace.messages.map(document),
            verdicts: trace.verdicts.map(document),
            leftOut: trace.leftOut
        )
    }

    private struct Document: Encodable {
        let instance: String?
        let logReachesBackTo: String?
        let messages: [Message]
        /// About mail that was never queued.
        let verdicts: [Step]
        /// Older messages that are not shown.
        let leftOut: Int
        var otherNodes: [Document]?
    }

    private struct Message: Encodable {
        let queueID: String
        let state: String
        let sender: String?
        let size: Int?
        let messageID: String?
        let client: String?
        let nextTry: String?
        let steps: [Step]
    }

    private struct Step: Encodable {
        var time: String?
        var event: String
        var recipient: String?
        var sender: String?
        var relay: String?
        var client: String?
        var code: String?
        var text: String?
        var queueID: String?
    }

    private func document(of message: TracedMessage) -> Message {
        Message(
            queueID: message.id.description,
            state: fate(of: message).rawValue,
            sender: message.sender,
            size: message.size,
            messageID: message.messageID,
            client: message.client.map(address),
            nextTry: nextTry(of: message).map { "\(Timestamp(secondsSinceEpoch: $0))" },
            steps: shownSteps(of: message).map(document)
        )
    }

    private func document(of step: TracedMessage.Step) -> Step {
        var shown = Step(time: step.time.map { "\(Timestamp(secondsSinceEpoch: $0))" }, event: "")
        switch step.event {
        case .accepted(_, let client): (shown.event, shown.client) = ("accepted", address(of: client))
        case .submitted(_, let former): (shown.event, shown.queueID) = ("submitted", former?.description)
        case .identified(_, let messageID): (shown.event, shown.text) = ("identified", messageID)
        case .queued(_, let sender, _, _): (shown.event, shown.sender) = ("queued", sender)
        case .delivery(_, let delivery):
            let isHandedOver = delivery.status == .sent && isRelay(delivery.server)
            shown.event = isHandedOver ? "handed over" : delivery.status.rawValue
            (shown.recipient, shown.relay, shown.code) = (delivery.recipient, delivery.relay, delivery.code)
            (shown.text, shown.queueID) = (delivery.text, delivery.nextID?.description)
        case .expired: shown.event = "expired"
        case .notice(_, let id): (shown.event, shown.queueID) = ("notice", id.description)
        case .held: shown.event = "held"
        case .released: shown.event = "released"
        case .requeued: shown.event = "requeued"
        case .deleted: shown.event = "deleted"
        case .removed: shown.event = "removed"
        case .verdict(_, let verdict):
            shown.event = verdict.isTemporary ? "put off" : verdict.kind.rawValue
            (shown.recipient, shown.sender) = (verdict.recipient, verdict.sender)
            (shown.client, shown.text) = (address(of: verdict.client), verdict.answer)
        }
        return shown
    }

    private func address(of client: MailEvent.Client) -> String { client.address.map { "\($0)" } ?? client.name }
}
