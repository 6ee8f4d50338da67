import Vocabulary

/// The mail that somebody asks for.
package enum TraceQuery: Sendable, Equatable {
    /// An address, or a domain.
    case recipient(String)
    case sender(String)
    case queueID(QueueID)
    /// The Message-ID of the header, with its angle brackets.
    case messageID(String)
    /// The host that handed the mail in: its address, or its name in DNS.
    case client(String)

    /// The text that each line of the log has that the query is about.
    var text: String {
        switch self {
        case .recipient(let text), .client(let text), .messageID(let text): text
        case .sender(""): "from=<>"
        case .sender(let text): text
        case .queueID(let id): id.description
        }
    }

    /// Whether it means all mail.
    package var isTooWide: Bool { text.isEmpty }

    /// Whether an event is about it.
    func matches(_ event: MailEvent) -> Bool {
        switch (self, event) {
        case (.recipient(let wanted), .delivery(_, let delivery)):
            Self.matches(delivery.recipient, wanted) || Self.matches(delivery.originalRecipient, wanted)
        case (.recipient(let wanted), .refusal(_, let refusal)): Self.matches(refusal.recipient, wanted)
        case (.sender(let wanted), .queued(_, let sender, _)): Self.matches(sender, wanted)
        case (.sender(let wanted), .refusal(_, let refusal)): Self.matches(refusal.sender, wanted)
        case (.messageID(let wanted), .identified(_, let messageID)): messageID == wanted
        case (.client(let wanted), .accepted(_, let client)): Self.matches(client, wanted)
        case (.client(let wanted), .refusal(_, let refusal)): Self.matches(refusal.client, wanted)
        case (.queueID(let wanted), .delivery(let id, let delivery)): id == wanted || delivery.nextID == wanted
        case (.queueID(let wanted), _): event.queueID == wanted
        default: false
        }
    }

    /// - Parameter wanted: An address, or a domain. In any case: local parts that differ by it alone are the same person's.
    private static func matches(_ address: String?, _ wanted: String) -> Bool {
        guard let address = address?.lowercased(), case let wanted = wanted.lowercased() else { return false }
        return address == wanted || !wanted.isEmpty && !wanted.contains("@") && address.hasSuffix("@\(wanted)")
    }

    private static func matches(_ client: MailEvent.Client, _ wanted: String) -> Bool {
        client.name.lowercased() == wanted.lowercased() || client.address.map { "\($0)" == wanted } ?? false
    }
}
