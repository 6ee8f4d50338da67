/// The reason for which Postfix has refused a command or a message, as far as metrics tell them apart.
package enum RejectReason: String, Sendable, CaseIterable, Codable, CodingKeyRepresentable {
    case relayDenied = "relay_denied"
    case client, helo, sender, recipient
    case rateLimit = "rate_limit"
    case size
    case queueFull = "queue_full"
    case milter, content, tls, other

    init(_ verdict: MailEvent.Verdict) {
        if verdict.isByMilter {
            self = .milter
        } else if ["header", "body", "content"].contains(verdict.stage) {
            self = .content
        } else {
            self = Self.byWords.first { verdict.answer.has($0.words) }?.reason ?? .other
        }
    }

    /// Postfix's own words, in every version (smtpd_check.c, smtpd.c, postscreen_smtpd.c).
    private static let byWords: [(words: String, reason: RejectReason)] = [
        ("Relay access denied", .relayDenied), ("Client host rejected", .client), ("blocked using", .client),
        ("Helo command rejected", .helo), ("Sender address rejected", .sender),
        ("Recipient address rejected", .recipient),
        ("size limit", .size), ("size exceeds", .size), ("Insufficient system storage", .queueFull),
        ("Must issue a STARTTLS", .tls), ("Session encryption is required", .tls), ("too many", .rateLimit),
        ("too much", .rateLimit),
    ]
}
