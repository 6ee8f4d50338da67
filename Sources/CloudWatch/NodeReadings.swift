import AWS
package import MailLogs

/// The state of the node for the metrics of its group.
package struct NodeReadings: Sendable, Equatable {
    /// Whether the health check answers 200.
    package var isHealthy: Bool
    /// Seconds since a pass last succeeded, or since the agent's start where none has.
    package var lastSuccessAge: Int
    /// Messages in Postfix's queue, of all states.
    package var queueMessages: Int
    /// Seconds since the oldest deferred message came; 0 where there is none.
    package var oldestDeferred: Int
    /// Messages that a node that has left keeps on its disk.
    package var messagesLeft: Int
    /// `nil` where nobody counts mail.
    package var mail: MailTotals?

    package init(
        isHealthy: Bool,
        lastSuccessAge: Int,
        queueMessages: Int,
        oldestDeferred: Int,
        messagesLeft: Int,
        mail: MailTotals? = nil
    ) {
        self.isHealthy = isHealthy
        self.lastSuccessAge = lastSuccessAge
        self.queueMessages = queueMessages
        self.oldestDeferred = oldestDeferred
        self.messagesLeft = messagesLeft
        self.mail = mail
    }

    /// The metrics of the group. There are a dozen, since each costs money.
    ///
    /// - Parameters:
    ///   - before: The counts that were sent already.
    ///   - dropped: The events that could not be sent, ever.
    ///   - isFirst: Whether these are the first ones of a minute. The state of a node is in a sum over nodes once.
    func data(since before: SentCounts, dropped: Int, isFirst: Bool) -> [MetricDatum] {
        let state = [
            MetricDatum("Healthy", .count, isHealthy ? 1 : 0),
            MetricDatum("LastSuccessAge", .seconds, lastSuccessAge),
            MetricDatum("QueueMessages", .count, queueMessages),
            MetricDatum("OldestDeferred", .seconds, oldestDeferred),
        ]
        let data =
            (isFirst ? state : []) + [
                MetricDatum("MessagesLeft", .count, messagesLeft),
                MetricDatum("DroppedEvents", .count, MailTotals.growth(of: dropped, since: before.dropped)),
            ]
        guard let mail else { return data }
        let new = mail.growth(since: before.mail ?? mail)
        return data + [
            MetricDatum("Accepted", .count, new.accepted), MetricDatum("Sent", .count, new.sent),
            MetricDatum("Deferred", .count, new.deferred), MetricDatum("Bounced", .count, new.bounced),
            MetricDatum("Expired", .count, new.expired), MetricDatum("Rejected", .count, new.rejected),
        ]
    }
}

/// Sums of mail events. They only grow, unless their keeper begins anew.
package struct MailTotals: Sendable, Equatable, Codable {
    /// Messages that Postfix took.
    package var accepted: Int
    /// Deliveries to one recipient that succeeded.
    package var sent: Int
    /// Tries that are made again.
    package var deferred: Int
    /// Deliveries that a receiver refused for good.
    package var bounced: Int
    /// Messages that waited for longer than `maximal_queue_lifetime`.
    package var expired: Int
    /// Commands of clients that Postfix refused.
    package var rejected: Int

    package init(
        accepted: Int = 0,
        sent: Int = 0,
        deferred: Int = 0,
        bounced: Int = 0,
        expired: Int = 0,
        rejected: Int = 0
    ) {
        self.accepted = accepted
        self.sent = sent
        self.deferred = deferred
        self.bounced = bounced
        self.expired = expired
        self.rejected = rejected
    }

    /// The sums of what the mail log has told.
    package init(_ counts: MailCounts) {
        self.init(
            accepted: counts.accepted,
            sent: counts[.sent],
            deferred: counts[.deferred],
            bounced: counts[.bounced],
            expired: counts[.expired],
            rejected: counts.rejects.values.reduce(0, +)
        )
    }

    func growth(since before: MailTotals) -> MailTotals {
        MailTotals(
            accepted: Self.growth(of: accepted, since: before.accepted),
            sent: Self.growth(of: sent, since: before.sent),
            deferred: Self.growth(of: deferred, since: before.deferred),
            bounced: Self.growth(of: bounced, since: before.bounced),
            expired: Self.growth(of: expired, since: before.expired),
            rejected: Self.growth(of: rejected, since: before.rejected)
        )
    }

    /// A count that is smaller than before has begun anew.
    static func growth(of count: Int, since before: Int) -> Int { count >= before ? count - before : count }
}

/// The counts that CloudWatch has, over restarts of the agent.
struct SentCounts: Sendable, Equatable, Codable {
    /// `nil` before the first time: CloudWatch gets what comes from then on.
    var mail: MailTotals?
    var dropped = 0
    /// The minute of the last values, in seconds since 1970.
    var minute: Int?
}
