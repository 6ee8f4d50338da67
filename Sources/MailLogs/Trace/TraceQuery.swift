package import Vocabulary

/// The mail that somebody asks for.
package enum TraceQuery: Sendable, Equatable {
    /// An address, or a domain.
    case recipient(String)
    case sender(String)
    case queueID(QueueID)
    /// The Message-ID of the header, with its angle brackets.
    case messageID(String)
    /// The host that handed the mail in, by its name in DNS.
    case clientName(String)
    case client(IPAddress)

    /// The text that each line of the log has that the query is about, with as much around it as all such lines share.
    var text: String {
        switch self {
        case .recipient(let wanted): Self.text("to=<", wanted)
        case .sender(let wanted): Self.text("from=<", wanted)
        case .queueID(let id): id.description
        case .messageID(let text): "message-id=\(text)"
        case .clientName(let name): "\(name)["
        case .client(let address): "[\(address)]"
        }
    }

    /// The query for a log whose addresses are written in another form.
    package func written(address: (String) -> String, messageID: (String) -> String) -> TraceQuery {
        switch self {
        case .recipient(let wanted) where wanted.contains("@"): .recipient(address(wanted))
        case .sender(let wanted) where wanted.contains("@"): .sender(address(wanted))
        case .messageID(let text): .messageID(messageID(text))
        default: self
        }
    }

    /// A text that each event has that the query is about.
    package var term: String {
        switch self {
        case .recipient(let wanted): wanted
        case .sender(let wanted): wanted.isEmpty ? "queued" : wanted
        case .queueID(let id): id.description
        case .messageID(let text): text
        case .clientName(let name): name
        case .client(let address): "\(address)"
        }
    }

    private static func text(_ start: String, _ wanted: String) -> String {
        wanted.isEmpty || wanted.contains("@") ? "\(start)\(wanted)>" : "@\(wanted)>"
    }

    /// Whether it means all mail.
    package var isTooWide: Bool {
        switch self {
        case .recipient(""), .clientName(""), .messageID("<>"): true
        default: false
        }
    }

    /// Whether an event is about it.
    package func matches(_ event: MailEvent) -> Bool {
        switch (self, event) {
        case (.recipient, .delivery(_, let delivery)):
            matches(recipient: delivery.recipient) || matches(recipient: delivery.originalRecipient)
        case (.recipient, .verdict(_, let verdict)): matches(recipient: verdict.recipient)
        case (.sender(let wanted), .queued(_, let sender, _, _)): Self.matches(sender, wanted)
        case (.sender(let wanted), .verdict(_, let verdict)): Self.matches(verdict.sender, wanted)
        case (.messageID(let wanted), .identified(_, let messageID)): messageID == wanted
        case (.clientName(let wanted), .accepted(_, let client)): client.name.lowercased() == wanted.lowercased()
        case (.clientName(let wanted), .verdict(_, let verdict)):
            verdict.client.name.lowercased() == wanted.lowercased()
        case (.client(let wanted), .accepted(_, let client)): client.address == wanted
        case (.client(let wanted), .verdict(_, let verdict)): verdict.client.address == wanted
        case (.queueID(let wanted), .delivery(let id, let delivery)): id == wanted || delivery.nextID == wanted
        case (.queueID(let wanted), _): event.queueID == wanted
        default: false
        }
    }

    /// Whether it asks for a recipient's mail; for other questions, each recipient counts.
    func matches(recipient: String?) -> Bool {
        guard case .recipient(let wanted) = self else { return true }
        return Self.matches(recipient, wanted)
    }

    /// - Parameter wanted: An address, or a domain. In any case: local parts that differ by it alone are the same person's.
    private static func matches(_ address: String?, _ wanted: String) -> Bool {
        guard let address = address?.lowercased(), case let wanted = wanted.lowercased() else { return false }
        return address == wanted || !wanted.isEmpty && !wanted.contains("@") && address.hasSuffix("@\(wanted)")
    }
}
