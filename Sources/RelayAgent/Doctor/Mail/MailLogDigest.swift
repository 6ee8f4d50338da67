import Vocabulary

/// What is in a mail log, counted.
struct MailLogDigest: Equatable {
    /// How often each client was told 'Relay access denied'.
    private(set) var denied: [IPAddress: Int] = [:]
    /// How often each reason came, of deliveries that were put off.
    private(set) var deferred: [String: Int] = [:]
    /// The same, of those refused for good.
    private(set) var bounced: [String: Int] = [:]
    private(set) var sent = 0
    private(set) var tlsFailures: [String: Int] = [:]
    /// The mail servers, by address, whose port 25 did not answer.
    private(set) var timedOut: Set<String> = []
    private(set) var hasDeliveredByPort25 = false

    var attempts: Int { sent + deferred.values.reduce(0, +) + bounced.values.reduce(0, +) }

    init(_ entries: [MailLogEntry]) {
        for entry in entries { count(entry) }
    }

    private mutating func count(_ entry: MailLogEntry) {
        let text = entry.message
        if Self.isTLSFailure(entry) { tlsFailures[Self.withoutNumbers(text), default: 0] += 1 }
        switch entry.program {
        case "smtpd":
            guard text.contains(": Relay access denied;"), let client = Self.client(text) else { return }
            denied[client, default: 0] += 1
        // The smtp client, and the one that speaks LMTP.
        case "smtp", "lmtp", "error":
            if let server = Self.between(text, "connect to ", ": Connection timed out"), server.hasSuffix("]:25"),
                let address = Self.between(server, "[", "]")
            {
                timedOut.insert(address)
            }
            countDelivery(text)
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
            if text[..<status.lowerBound].contains("]:25, ") { hasDeliveredByPort25 = true }
        case "deferred": deferred[reason, default: 0] += 1
        case "bounced": bounced[reason, default: 0] += 1
        default: return
        }
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

    /// So that one cause is counted as one: without the queue's id, and the port of the other side.
    private static func withoutNumbers(_ text: String) -> String {
        guard let colon = text.firstRange(of: ": "), text[..<colon.lowerBound].allSatisfy({ $0.isHexDigit }) else {
            return text
        }
        return String(text[colon.upperBound...])
    }
}
