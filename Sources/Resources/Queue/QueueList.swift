import Vocabulary

/// Messages of the queue, for people and for programs.
package struct QueueList: Sendable {
    private let messages: [QueuedMessage]
    private let now: Int

    /// - Parameter now: Seconds since 1970.
    package init(_ messages: [QueuedMessage], now: Int) {
        self.messages = messages
        self.now = now
    }

    package var text: String {
        let states = QueuedMessage.State.allCases.map { state in (state, messages.count { $0.state == state }) }
        let counts = states.filter { $0.1 > 0 }.map { "\($0.1) \($0.0.rawValue)" }.joined(separator: ", ")
        let number = messages.count == 1 ? "1 message" : "\(messages.count) messages"
        let summary = messages.isEmpty ? "No message is chosen.\n" : "\(number): \(counts)\n"
        return messages.map(text).joined() + summary
    }

    private func text(of message: QueuedMessage) -> String {
        let sender = message.sender.isEmpty ? "<>" : message.sender.escapedForDisplay
        var lines = [
            "\(message.id)  \(message.state.rawValue)  \(age(message.arrival))  \(message.size) bytes  from \(sender)"
        ]
        if let client = message.client, let address = client.address { lines[0] += " by \(address)" }
        if let next = message.nextTry {
            lines[0] += next > now ? ", next try in \(time(next - now))" : ", next try now"
        }
        for recipient in message.recipients.prefix(Self.shown) {
            let reason = message.reasons[recipient].map { ": \($0.escapedForDisplay)" } ?? ""
            lines.append("    to \(recipient.escapedForDisplay)\(reason)")
        }
        let rest = message.recipients.count - Self.shown
        if rest > 0 { lines.append("    and \(rest) more") }
        return lines.map { $0 + "\n" }.joined()
    }

    /// The recipients of a message that are shown.
    private static let shown = 10

    private func age(_ arrival: Int) -> String { "\(time(max(0, now - arrival))) old" }

    private func time(_ seconds: Int) -> String {
        switch seconds {
        case ..<120: "\(seconds) s"
        case ..<7200: "\(seconds / 60) min"
        case ..<172_800: "\(seconds / 3600) h"
        default: "\(seconds / 86400) days"
        }
    }

    package var json: String {
        ((try? messages.map(Entry.init).indentedJSON()) ?? "[]") + "\n"
    }

    private struct Entry: Encodable {
        let id: String
        let state: QueuedMessage.State
        let arrival: String
        let size: Int
        let sender: String
        let recipients: [Recipient]
        let client: String?
        let nextTry: String?

        struct Recipient: Encodable {
            let address: String
            let reason: String?
        }

        init(_ message: QueuedMessage) {
            (self.id, self.state, self.size, self.sender) = (message.id, message.state, message.size, message.sender)
            self.arrival = "\(Timestamp(secondsSinceEpoch: message.arrival))"
            self.recipients = message.recipients.map { Recipient(address: $0, reason: message.reasons[$0]) }
            self.client = message.client?.address.map { "\($0)" }
            self.nextTry = message.nextTry.map { "\(Timestamp(secondsSinceEpoch: $0))" }
        }
    }
}
