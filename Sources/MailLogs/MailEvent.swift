package import Vocabulary

/// An event in the life of a message, as one line of Postfix's log tells.
package enum MailEvent: Sendable, Equatable {
    /// A server of Postfix has begun to take a message from a client.
    case accepted(QueueID, from: Client)
    /// A program of this host has handed a message in; where a queued message was looked at anew (`postsuper -r`), its id
    /// of before.
    case submitted(QueueID, formerly: QueueID?)
    /// The Message-ID of its header, with its angle brackets.
    case identified(QueueID, messageID: String)
    /// The queue manager has begun to deliver it; also each time that it tries again.
    case queued(QueueID, sender: String, size: Int, recipients: Int)
    case delivery(QueueID, Delivery)
    /// It has waited for longer than `maximal_queue_lifetime`.
    case expired(QueueID)
    /// A notice to its sender was made, which is a message of its own.
    case notice(QueueID, id: QueueID)
    /// An operator holds it.
    case held(QueueID)
    /// An operator lets it go on.
    case released(QueueID)
    /// An operator has it taken anew, under another id.
    case requeued(QueueID)
    /// An operator has deleted it.
    case deleted(QueueID)
    /// It has left the queue.
    case removed(QueueID)
    /// A restriction, a rule or a milter has decided about it; the id, where Postfix had begun to take it.
    case verdict(QueueID?, Verdict)

    /// The host, or program, that a message came from.
    package struct Client: Sendable, Equatable {
        /// `unknown` where DNS has none.
        package let name: String
        package let address: IPAddress?

        package init(name: String, address: IPAddress?) {
            self.name = name
            self.address = address
        }
    }

    /// A try to deliver a message to one recipient.
    package struct Delivery: Sendable, Equatable {
        package enum Status: String, Sendable, CaseIterable { case sent, deferred, bounced, undeliverable, deliverable }

        package let recipient: String
        /// The recipient before aliases and rewriting; `nil` where it is the same.
        package let originalRecipient: String?
        /// The server, as `mx.example.net[192.0.2.1]:25`; `nil` where none was asked.
        package let relay: String?
        /// Seconds since the message came.
        package let delay: Double
        /// The enhanced status code (RFC 3463), such as `4.4.1`.
        package let code: String
        package let status: Status
        /// The receiver's words, or Postfix's.
        package let text: String

        package init(
            recipient: String,
            originalRecipient: String?,
            relay: String?,
            delay: Double,
            code: String,
            status: Status,
            text: String
        ) {
            (self.recipient, self.originalRecipient) = (recipient, originalRecipient)
            (self.relay, self.delay) = (relay, delay)
            (self.code, self.status, self.text) = (code, status, text)
        }

        /// The address of the server; `nil` where none was asked.
        package var server: IPAddress? { relay.flatMap { MailEvent.address(in: $0) } }
        /// The id that the receiver, if it is a Postfix, has given the message.
        package var nextID: QueueID? {
            text.firstPlace(of: "queued as ").flatMap {
                QueueID(text[$0.upperBound...].prefix { $0 != " " && $0 != ")" })
            }
        }
    }

    /// A decision about mail before it is delivered.
    package struct Verdict: Sendable, Equatable {
        package enum Kind: String, Sendable { case refused, held, discarded }

        package let kind: Kind
        /// The place in the conversation or in the message, such as `RCPT`, `END-OF-MESSAGE` or `header`.
        package let stage: String
        package let client: Client
        /// The answer, with its code first; of a rule, its text.
        package let answer: String
        /// `nil` where it was not said yet.
        package let sender: String?
        package let recipient: String?
        /// Whether a milter has decided it.
        package let isByMilter: Bool

        package init(
            kind: Kind,
            stage: String,
            client: Client,
            answer: String,
            sender: String?,
            recipient: String?,
            isByMilter: Bool = false
        ) {
            (self.kind, self.stage, self.client, self.answer) = (kind, stage, client, answer)
            (self.sender, self.recipient, self.isByMilter) = (sender, recipient, isByMilter)
        }

        /// Whether the client is told to try again.
        package var isTemporary: Bool { kind == .refused && answer.hasPrefix("4") }
    }

    /// The message that it is about; `nil` for mail that was never queued.
    package var queueID: QueueID? {
        switch self {
        case .accepted(let id, _), .submitted(let id, _), .identified(let id, _), .queued(let id, _, _, _),
            .delivery(let id, _), .expired(let id), .notice(let id, _), .held(let id), .released(let id),
            .requeued(let id), .deleted(let id),
            .removed(let id):
            id
        case .verdict(let id, _): id
        }
    }

    /// The address of `NAME[ADDRESS]` or `NAME[ADDRESS]:PORT`. A name has no bracket (RFC 952).
    static func address(in text: some StringProtocol) -> IPAddress? {
        guard let open = text.firstIndex(of: "["), let close = text[open...].firstIndex(of: "]") else { return nil }
        var inner = text[text.index(after: open)..<close]
        if inner.lowercased().hasPrefix("ipv6:") { inner = inner.dropFirst(5) }
        return try? IPAddress(String(inner))
    }
}
