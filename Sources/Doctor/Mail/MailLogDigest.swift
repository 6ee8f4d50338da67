import MailLogs
import Vocabulary

/// The counts of a mail log.
struct MailLogDigest: Equatable {
    /// The number of answers 'Relay access denied' to each client.
    private(set) var denied: [IPAddress: Int] = [:]
    /// The senders that were over a limit.
    private(set) var limited = LimitedSenders()
    /// The number of deliveries that were put off, by reason.
    private(set) var deferred: [String: Int] = [:]
    /// The same, of those refused for good.
    private(set) var bounced: [String: Int] = [:]
    /// The receivers' domains of the deliveries that were put off, and of those refused for good.
    private(set) var deferredDomains: Set<String> = []
    private(set) var bouncedDomains: Set<String> = []
    private(set) var sent = 0
    private(set) var tlsFailures: [String: Int] = [:]
    /// The mail servers, by address, whose port 25 did not answer.
    private(set) var timedOut: Set<String> = []
    /// Whether a server of the internet took mail on port 25. One of one's own networks says nothing of the way out.
    private(set) var hasDeliveredByPort25 = false

    var attempts: Int { sent + deferred.values.reduce(0, +) + bounced.values.reduce(0, +) }

    init(_ entries: [MailLogEntry]) {
        for entry in entries { count(entry) }
    }

    private mutating func count(_ entry: MailLogEntry) {
        let text = entry.message
        if Self.isTLSFailure(entry) { tlsFailures[Self.tlsReason(text), default: 0] += 1 }
        switch entry.program {
        case "smtpd":
            limited.count(text)
            guard text.contains(": Relay access denied;"), let client = Self.client(text) else { return }
            denied[client, default: 0] += 1
        // The smtp client, and the one that speaks LMTP.
        case "smtp", "lmtp", "error":
            if let server = Self.between(text, "connect to ", ": Connection timed out"), server.hasSuffix("]:25"),
                let address = Self.between(server, "[", "]"), Self.isPublic(address)
            {
                timedOut.insert(address)
            }
            countDelivery(text)
        // The queue manager gives up mail that has waited for too long.
        case "qmgr" where text.contains(", status=expired, "):
            bounced["expired: it waited for maximal_queue_lifetime", default: 0] += 1
        default: return
        }
    }

    private mutating func countDelivery(_ text: String) {
        guard let status = text.firstRange(of: ", status=") else { return }
        let rest = text[status.upperBound...]
        let reason = rest.firstIndex(of: "(").map { String(rest[rest.index(after: $0)...].dropLast()) } ?? ""
        switch rest.prefix(while: { $0 != " " }) {
        case "sent":
            sent += 1
            if let relay = Self.between(text, " relay=", ", "), relay.hasSuffix("]:25"),
                let address = Self.between(relay, "[", "]"), Self.isPublic(address)
            {
                hasDeliveredByPort25 = true
            }
        case "deferred":
            deferred[reason, default: 0] += 1
            if let domain = Self.domain(text) { deferredDomains.insert(domain) }
        case "bounced":
            bounced[reason, default: 0] += 1
            if let domain = Self.domain(text) { bouncedDomains.insert(domain) }
        default: return
        }
    }

    /// The receiver's.
    private static func domain(_ text: String) -> String? {
        between(text, "to=<", ">, ").flatMap { $0.split(separator: "@").last.map { $0.lowercased() } }
    }

    private static func isPublic(_ address: String) -> Bool {
        let text = address.lowercased().hasPrefix("ipv6:") ? String(address.dropFirst(5)) : address
        guard let parsed = try? IPAddress(text) else { return false }
        return !IPNetwork(around: parsed, prefixLength: parsed.family.bits).isPrivate
    }

    private static func isTLSFailure(_ entry: MailLogEntry) -> Bool {
        ["smtp", "smtpd"].contains(entry.program)
            && ["SSL_accept error from ", "SSL_connect error to ", "Cannot start TLS: "].contains {
                entry.message.hasPrefix($0) || entry.message.contains("status=deferred (\($0)")
            }
    }

    /// The client of `NOQUEUE: reject: RCPT from NAME[ADDRESS]: ...`. A name has no bracket (RFC 952), so the first is the
    /// address's.
    private static func client(_ text: String) -> IPAddress? {
        between(text, " from ", ": ").flatMap { between($0, "[", "]") }.flatMap { try? IPAddress($0) }
    }

    private static func between(_ text: String, _ before: String, _ after: String) -> String? {
        guard let start = text.firstRange(of: before), let end = text[start.upperBound...].firstRange(of: after)
        else { return nil }
        return String(text[start.upperBound..<end.lowerBound])
    }

    /// The reason without the queue's id, the receiver, the delays, and the port of the other side, so that one cause
    /// is counted as one.
    private static func tlsReason(_ text: String) -> String {
        guard let start = text.firstRange(of: "status=deferred (") else { return text }
        let reason = text[start.upperBound...]
        return String(reason.last == ")" ? reason.dropLast() : reason)
    }
}
