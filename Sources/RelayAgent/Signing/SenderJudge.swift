import RelayNode
import Signer
import Vocabulary

/// The decision about one message.
struct SenderJudge: Sendable {
    private let rules: SenderRules
    private let domain: DomainName

    init(_ rules: SenderRules, domain: DomainName) {
        self.rules = rules
        self.domain = domain
    }

    /// Why the message is refused; `nil` where it is not.
    func violation(_ envelope: MilterEnvelope, _ head: MessageHead) -> SenderViolation? {
        let client = envelope.client?.address.flatMap { try? IPAddress($0) }
        // The relay's own host sends notices and cron's mail, and has accepted what a content filter hands back.
        if let client, IPNetwork.ipv4Loopback.contains(client) || IPNetwork.ipv6Loopback.contains(client) { return nil }
        // A leaving relay hands over mail that was accepted already.
        if envelope.hello.lowercased() == PostfixConfiguration.handOverGreeting(domain) { return nil }
        guard let patterns = rules.patterns(for: client) else { return nil }
        if envelope.sender.isEmpty {
            if isBounce(head) { return nil }
        } else if !isSender(envelope.macros["{mail_addr}"] ?? envelope.sender, permittedBy: patterns) {
            return SenderViolation(reason: .sender(envelope.sender), permitted: patterns)
        }
        return authorViolation(head, patterns).map { SenderViolation(reason: $0, permitted: patterns) }
    }

    /// The words of the log about an envelope's sender, which may be rewritten already.
    func permits(_ sender: String, from client: IPAddress? = nil) -> Bool {
        guard !sender.isEmpty, let patterns = rules.patterns(for: client) else { return true }
        return isSender(sender, permittedBy: patterns)
    }

    private func isSender(_ sender: String, permittedBy patterns: [SenderPattern]) -> Bool {
        guard let mailbox = mailbox(sender),
            let (name, place) = rules.rewriting.leaving(localPart: mailbox.localPart, domain: mailbox.domain)
        else { return false }
        return patterns.contains { $0.contains(localPart: name, domain: place) }
    }

    private func mailbox(_ sender: String) -> Mailbox? {
        guard !sender.contains("@") else { return Mailbox(envelope: sender) }
        // Postfix makes user@host of host!user and user%host.
        if sender.contains("!") || sender.contains("%") { return nil }
        return Mailbox(envelope: "\(sender)@\(domain)")
    }

    /// Bounces have an author on the host that writes them. Other mail without a sender has to be from a sender that may.
    private func isBounce(_ head: MessageHead) -> Bool {
        head.isReport || head.fromFields == 0
            || !head.claimedAuthors.mailboxes.isEmpty
                && head.claimedAuthors.mailboxes.allSatisfy { Self.bouncers.contains($0.localPart.lowercased()) }
    }

    private static let bouncers: Set = ["mailer-daemon", "postmaster"]

    private func authorViolation(_ head: MessageHead, _ patterns: [SenderPattern]) -> SenderViolation.Reason? {
        switch head.fromFields {
        case 0: return .noFrom
        case 1: break
        case let count: return .severalFroms(count)
        }
        guard !head.claimedAuthors.mailboxes.isEmpty else { return .unreadableFrom }
        let other = head.claimedAuthors.mailboxes.first { mailbox in
            !patterns.contains { $0.contains(localPart: mailbox.localPart, domain: mailbox.domain) }
        }
        return other.map { .author("\($0.localPart)@\($0.domain)") }
    }
}
