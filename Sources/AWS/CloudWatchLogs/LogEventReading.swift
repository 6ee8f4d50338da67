import FoundationEssentials
package import Vocabulary

/// An event that CloudWatch Logs has found (CloudWatch Logs API Reference, FilteredLogEvent).
package struct FoundLogEvent: Sendable, Equatable {
    /// Milliseconds since 1970.
    package let time: Int
    package let message: String
    package let stream: String

    package init(time: Int, message: String, stream: String) {
        (self.time, self.message, self.stream) = (time, message, stream)
    }
}

/// The part of CloudWatch Logs' API that looks for events.
package protocol LogEventReading: Sendable {
    /// The events of a log group that a pattern fits, in the order of their times.
    ///
    /// - Parameters:
    ///   - pattern: In the syntax of filter patterns, such as `{ $.queue_id = "3F2A1B00C4" }`.
    ///   - start: Milliseconds since 1970.
    ///   - limit: Reading ends once there are this many.
    /// - Returns: The events, and whether these are all.
    func events(
        of group: LogGroupName,
        fitting pattern: String,
        since start: Int,
        limit: Int
    ) async throws(AWSFailure) -> (events: [FoundLogEvent], areAll: Bool)
}

extension CloudWatchLogsClient: LogEventReading {
    private struct Question: Encodable {
        let logGroupName: String
        let filterPattern: String
        let startTime: Int
        /// A page has to fit into one answer of HTTP.
        let limit = 500
        let nextToken: String?
    }

    private struct Page: Decodable {
        struct Event: Decodable {
            let timestamp: Int
            let message: String
            let logStreamName: String
        }
        let events: [Event]?
        let nextToken: String?
    }

    /// A page may be empty though more follow, so that a large group has many.
    private static let pageLimit = 200

    package func events(
        of group: LogGroupName,
        fitting pattern: String,
        since start: Int,
        limit: Int
    ) async throws(AWSFailure) -> (events: [FoundLogEvent], areAll: Bool) {
        var found: [FoundLogEvent] = []
        var next: String?
        for _ in 0..<Self.pageLimit {
            let question = Question(
                logGroupName: "\(group)",
                filterPattern: pattern,
                startTime: start,
                nextToken: next
            )
            let answer = try await call("FilterLogEvents", question, group)
            guard let page = try? JSONDecoder().decode(Page.self, from: Data(answer)) else {
                throw AWSFailure(action: "logs:FilterLogEvents", reason: .unreadable("no JSON with events"))
            }
            found += (page.events ?? []).map {
                FoundLogEvent(time: $0.timestamp, message: $0.message, stream: $0.logStreamName)
            }
            next = page.nextToken
            if next == nil || found.count >= limit { break }
        }
        let sorted = found.enumerated().sorted { ($0.element.time, $0.offset) < ($1.element.time, $1.offset) }
        return (sorted.map(\.element), next == nil)
    }
}
