import Vocabulary

/// The messages of the queue that somebody means: those that have all that is asked for.
package struct QueueSelection: Sendable, Equatable {
    /// An address, or a domain.
    package var sender: String?
    package var recipient: String?
    /// The address of the host that handed the mail in, or its name in DNS.
    package var client: String?
    /// A part of the reason why the last try failed, in any case.
    package var reason: String?
    package var olderThan: Duration?
    package var state: QueuedMessage.State?
    package var ids: [String] = []

    package init() {}

    /// Whether it asks for anything at all.
    package var isSet: Bool { self != QueueSelection() }

    /// - Parameter now: Seconds since 1970.
    package func contains(_ message: QueuedMessage, at now: Int) -> Bool {
        (ids.isEmpty || ids.contains(message.id))
            && (state.map { $0 == message.state } ?? true)
            && (sender.map { Self.matches(message.sender, $0) } ?? true)
            && (client.map { Self.matches(message.client, $0) } ?? true)
            && (olderThan.map { now - message.arrival > Int($0.components.seconds) } ?? true)
            && ((recipient == nil && reason == nil)
                || message.recipients.contains { containsRecipient($0, of: message) })
    }

    /// A reason is the one why this recipient does not have it.
    private func containsRecipient(_ address: String, of message: QueuedMessage) -> Bool {
        (recipient.map { Self.matches(address, $0) } ?? true)
            && (reason.map { message.reasons[address]?.lowercased().contains($0.lowercased()) ?? false } ?? true)
    }

    private static func matches(_ address: String, _ wanted: String) -> Bool {
        let (address, wanted) = (address.lowercased(), wanted.lowercased())
        if wanted.isEmpty || wanted == "<>" { return address.isEmpty }
        return address == wanted || !wanted.contains("@") && address.hasSuffix("@\(wanted)")
    }

    private static func matches(_ client: QueuedMessage.Client?, _ wanted: String) -> Bool {
        guard let client else { return false }
        if let address = try? IPAddress(wanted) { return client.address == address }
        return client.name?.lowercased() == wanted.lowercased()
    }
}
