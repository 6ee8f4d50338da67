/// The state of a follower of the mail log: the place up to which it has read, and its counts up to there.
///
/// Both are written as one, so no line is counted twice or left out, however the follower ends.
package struct FollowedLog: Sendable, Equatable, Codable {
    package private(set) var position: MailLogPosition?
    package private(set) var tally = MailTally()
    /// Seconds since 1970; earlier lines do not count.
    private(set) var start: Int
    /// The number of the last batch; it only grows.
    package private(set) var batch = 0
    /// When the log was read last, in seconds since 1970.
    package internal(set) var readAt: Int?
    /// The time of the last line.
    private var newest: Int

    /// - Parameter start: Seconds since 1970; earlier lines do not count.
    package init(start: Int) {
        self.start = start
        self.newest = start
    }

    /// The log is written to another place now. The lines of one second are not read twice.
    mutating func changePlace() {
        position = nil
        start = newest + 1
    }

    /// Takes what was read.
    ///
    /// - Returns: The events of messages.
    mutating func take(_ reading: LogReading, _ count: (MailLogEntry, inout MailTally) -> MailEvent?) -> [FollowedEvent]
    {
        position = reading.position ?? position
        var events: [FollowedEvent] = []
        for entry in reading.entries {
            let time = entry.time ?? newest
            guard time >= start else { continue }
            newest = max(newest, time)
            if let event = count(entry, &tally) { events.append(FollowedEvent(time: time, event: event)) }
        }
        tally.forgetLost(newest)
        if !events.isEmpty { batch += 1 }
        return events
    }
}

/// An event and its time.
package struct FollowedEvent: Sendable, Equatable {
    /// Seconds since 1970.
    package let time: Int
    package let event: MailEvent
}
