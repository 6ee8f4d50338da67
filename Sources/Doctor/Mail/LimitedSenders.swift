import Vocabulary

/// The senders that anvil(8) made wait, in the lines of the mail log.
struct LimitedSenders: Equatable {
    /// The number of times that each client was over each limit.
    private(set) var counts: [IPAddress: [String: Int]] = [:]

    /// The setting behind the words of smtpd(8).
    private static let settings = [
        "Message delivery request rate": "mail.limits.messages_per_minute",
        "Recipient address rate": "mail.limits.recipients_per_minute",
        "Connection rate": "mail.limits.connections_per_minute",
        "Connection concurrency": "mail.limits.connections",
    ]
    private static let start = "warning: "
    private static let middle = " limit exceeded: "

    /// Counts a line of smtpd's, if it is one: `warning: Connection rate limit exceeded: 3 from NAME[ADDRESS] for service smtp`.
    mutating func count(_ text: String) {
        guard text.hasPrefix(Self.start), let range = text.firstRange(of: Self.middle) else { return }
        let words = String(text[..<range.lowerBound].dropFirst(Self.start.count))
        // A name has no bracket (RFC 952), so the first is the address's.
        guard let setting = Self.settings[words], let open = text.firstIndex(of: "["),
            let close = text[open...].firstIndex(of: "]"),
            let client = try? IPAddress(text[text.index(after: open)..<close])
        else { return }
        counts[client, default: [:]][setting, default: 0] += 1
    }

    /// A finding for each of the clients that were told most often.
    func findings(shown: Int, _ fix: String) -> [Finding] {
        let sums = counts.mapValues { $0.values.reduce(0, +) }
        let most = sums.sorted { ($0.value, "\($1.key)") > ($1.value, "\($0.key)") }.prefix(shown)
        return most.map { client, sum in
            let settings = (counts[client] ?? [:]).keys.sorted().joined(separator: ", ")
            return Finding(
                .senderOverLimit,
                of: "\(client)",
                seen: "\(client) was over \(settings) \(sum == 1 ? "once" : "\(sum) times"), and was told to try later",
                fix: "look on \(client) for what sends so much; if it may, raise the limit; \(fix)"
            )
        }
    }
}
