/// An event for CloudWatch Logs (CloudWatch Logs API Reference, InputLogEvent).
package struct LogEvent: Sendable, Equatable {
    /// Milliseconds since 1970.
    package let time: Int
    package let message: String

    package init(time: Int, message: String) {
        self.time = time
        self.message = message
    }
}

/// Events that one call of PutLogEvents takes, in the order of their times.
package struct LogEventBatch: Sendable, Equatable {
    package let events: [LogEvent]

    /// The limits of a call (CloudWatch Logs API Reference, PutLogEvents).
    package enum Limit {
        package static let events = 10_000
        /// The bytes of all messages, and `overhead` for each event.
        package static let bytes = 1_048_576
        /// The bytes that each event counts beside its message.
        package static let overhead = 26
        /// The bytes of one event with its overhead; the quota of 1 MB is newer than some partitions.
        package static let eventBytes = 262_144
        /// Milliseconds between the first event and the last.
        package static let span = 86_400_000
        /// Milliseconds before now.
        package static let past = 14 * 86_400_000
        /// Milliseconds after now.
        package static let future = 2 * 3_600_000
    }

    /// The mark at the end of a message that was cut.
    package static let cutMark = " [cut]"

    /// Sorts events into calls.
    ///
    /// - Parameters:
    ///   - now: Milliseconds since 1970.
    /// - Returns: The calls, and the number of events that no call takes: too old, too new or empty ones.
    package static func batches(of events: [LogEvent], now: Int) -> (batches: [LogEventBatch], dropped: Int) {
        let times = (now - Limit.past)...(now + Limit.future)
        let taken = events.filter { times.contains($0.time) && !$0.message.isEmpty }
        // The sort has to be stable: events of one second keep their order.
        let sorted = taken.enumerated().sorted { ($0.element.time, $0.offset) < ($1.element.time, $1.offset) }
        var batches: [LogEventBatch] = []
        var open: [LogEvent] = []
        var bytes = 0
        for event in sorted.lazy.map({ cut($0.element) }) {
            let size = event.message.utf8.count + Limit.overhead
            if let first = open.first,
                open.count == Limit.events || bytes + size > Limit.bytes || event.time - first.time >= Limit.span
            {
                batches.append(LogEventBatch(events: open))
                (open, bytes) = ([], 0)
            }
            open.append(event)
            bytes += size
        }
        if !open.isEmpty { batches.append(LogEventBatch(events: open)) }
        return (batches, events.count - taken.count)
    }

    /// A message that is too long ends at a character, with a mark.
    private static func cut(_ event: LogEvent) -> LogEvent {
        let limit = Limit.eventBytes - Limit.overhead
        let bytes = event.message.utf8
        guard bytes.count > limit else { return event }
        var end = bytes.index(bytes.startIndex, offsetBy: limit - cutMark.utf8.count)
        // A byte that continues a character has the form 10xxxxxx.
        while bytes[end] & 0xC0 == 0x80 { end = bytes.index(before: end) }
        return LogEvent(time: event.time, message: String(event.message[..<end]) + cutMark)
    }
}
