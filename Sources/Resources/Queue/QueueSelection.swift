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
            && (recipient.map { wanted in message.recipients.contains { Self.matches($0, wanted) } } ?? true)
            && (client.map { Self.matches(message.client, $0) } ?? true)
            && (reason.map { wanted in message.reasons.values.contains { $0.containsInAnyCase(wanted) } } ?? true)
            && (olderThan.map { now - message.arrival > Int($0.components.seconds) } ?? true)
    }

    private static func matches(_ address: String, _ wanted: String) -> Bool {
        let (address, wanted) = (address.lowercased(), wanted.lowercased())
        if wanted.isEmpty || wanted == "<>" { return address.isEmpty }
        return address == wanted || !wanted.contains("@") && address.hasSuffix("@\(wanted)")
    }

    private static func matches(_ client: QueuedMessage.Client?, _ wanted: String) -> Bool {
        guard let client else { return false }
        return client.name?.lowercased() == wanted.lowercased() || client.address.map { "\($0)" == wanted } ?? false
    }
}

extension String {
    fileprivate func containsInAnyCase(_ part: String) -> Bool { lowercased().contains(part.lowercased()) }
}
