import Vocabulary

/// Counts the events of the mail log, line by line.
package struct MailTally: Sendable, Equatable, Codable {
    package private(set) var counts = MailCounts()
    /// The messages whose next line decides how they are counted.
    private var open: [String: OpenMessage] = [:]
    /// The time of the last line that has one.
    private var time: Int?

    private struct OpenMessage: Sendable, Equatable, Codable {
        /// A server has begun to take it; whether it has taken all of it is not known yet.
        var isComing = false
        /// When it was changed, in seconds since 1970; an earlier version of the agent has not kept that.
        var time: Int?
        /// The providers of the recipients who have to wait since the last try.
        var deferred: [Provider] = []

        /// Where too many wait, those with the highest are kept. Without a message that is coming, what was accepted is counted
        /// wrongly; without one that waits, only the provider of a recipient whose mail expires is not known.
        func rank(_ id: String) -> (Int, Int, String) { (isComing ? 1 : 0, time ?? 0, id) }
    }

    /// So many are kept where twice as many wait.
    private static let limit = 1000
    /// Seconds after which a message that a server has begun to take will not come any more. The self-test and a connection that
    /// was lost each leave one behind.
    private static let longestComing = 3600

    package init() {}

    /// Forgets messages that will not come any more. It looks at all, so it is not for each line.
    ///
    /// - Parameter now: The time of the last line, in seconds since 1970.
    mutating func forgetLost(_ now: Int) {
        open = open.filter { !$1.isComing || now - ($1.time ?? 0) <= Self.longestComing }
    }

    /// Counts a line.
    ///
    /// - Parameter networks: Those of the VPC.
    /// - Returns: The event of a message that it tells of.
    mutating func count(_ entry: MailLogEntry, networks: [IPNetwork]) -> MailEvent? {
        time = entry.time ?? time
        if let event = MailEvent(entry) {
            count(event, networks)
            return event
        }
        switch ConnectionEvent(entry) {
        case .secured(let direction, let version): counts.count(direction, version: version)
        case .limited: counts.rejects[.rateLimit, default: 0] += 1
        case nil: break
        }
        return nil
    }

    private mutating func count(_ event: MailEvent, _ networks: [IPNetwork]) {
        switch event {
        case .accepted(let id, _): change(id) { $0.isComing = true }
        case .queued(let id, _, _, _): take(id) { $0.deferred = [] }
        case .delivery(let id, let delivery): count(delivery, of: id, Provider(delivery, networks: networks))
        case .expired(let id):
            for provider in open[id.description]?.deferred ?? [.other] { counts.count(.expired, to: provider) }
            open[id.description] = nil
        case .removed(let id), .deleted(let id): open[id.description] = nil
        case .verdict(let id, let verdict): count(verdict, of: id)
        case .submitted, .identified, .notice, .held, .released, .requeued: break
        }
    }

    private mutating func count(_ delivery: MailEvent.Delivery, of id: QueueID, _ provider: Provider) {
        switch delivery.status {
        case .sent:
            counts.count(.sent, to: provider)
            counts.count(delay: delivery.delay)
        case .deferred:
            counts.count(.deferred, to: provider)
            change(id) { $0.deferred.append(provider) }
        case .bounced: counts.count(.bounced, to: provider)
        // These come from probes of addresses (ADDRESS_VERIFICATION_README).
        case .deliverable, .undeliverable: break
        }
    }

    private mutating func count(_ verdict: MailEvent.Verdict, of id: QueueID?) {
        let isOfMessage = verdict.stage != "RCPT"
        switch verdict.kind {
        case .refused:
            counts.rejects[RejectReason(verdict), default: 0] += 1
            if let id, isOfMessage { change(id) { $0.isComing = false } }
        case .held, .discarded:
            if let id, isOfMessage { take(id) }
        }
    }

    /// A message that a server has taken is counted once.
    private mutating func take(_ id: QueueID, _ change: (inout OpenMessage) -> Void = { _ in }) {
        guard var message = open[id.description] else { return }
        if message.isComing { counts.accepted += 1 }
        message.isComing = false
        change(&message)
        open[id.description] = message.deferred.isEmpty ? nil : message
    }

    private mutating func change(_ id: QueueID, _ change: (inout OpenMessage) -> Void) {
        var message = open[id.description] ?? OpenMessage()
        message.time = time
        change(&message)
        let isOpen = message.isComing || !message.deferred.isEmpty
        open[id.description] = isOpen ? message : nil
        guard open.count > 2 * Self.limit else { return }
        let kept = open.sorted { $0.value.rank($0.key) > $1.value.rank($1.key) }.prefix(Self.limit)
        open = Dictionary(uniqueKeysWithValues: Array(kept))
    }
}
