import FoundationEssentials
package import Vocabulary

extension ServiceEndpoint.Service {
    package static let cloudWatchLogs = Self(name: "logs", version: "2014-03-28", variable: "CLOUDWATCH_LOGS")
}

/// The part of CloudWatch Logs' API that a node needs.
package protocol LogEventWriting: Sendable {
    /// Writes events to a stream of a log group. A missing stream is made.
    ///
    /// - Returns: The number of events that the API refused: too old, too new, or older than the group keeps them.
    func put(_ batch: LogEventBatch, to stream: String, of group: LogGroupName) async throws(AWSFailure) -> Int
}

/// CloudWatch Logs' API, over the network (CreateLogStream and PutLogEvents; CloudWatch Logs API Reference).
package struct CloudWatchLogsClient: LogEventWriting {
    private let client: QueryClient
    private static let target = "Logs_20140328"

    package init(_ client: QueryClient) {
        self.client = client
    }

    private struct NewStream: Encodable {
        let logGroupName: String
        let logStreamName: String
    }

    private struct NewEvents: Encodable {
        struct Event: Encodable {
            let timestamp: Int
            let message: String
        }
        let logGroupName: String
        let logStreamName: String
        let logEvents: [Event]
    }

    private struct Answer: Decodable {
        struct Rejected: Decodable {
            /// The index of the first event that is too new.
            let tooNewLogEventStartIndex: Int?
            /// The index after the last event that is too old.
            let tooOldLogEventEndIndex: Int?
            /// The index after the last event that the group does not keep any more.
            let expiredLogEventEndIndex: Int?
        }
        let rejectedLogEventsInfo: Rejected?
    }

    package func put(
        _ batch: LogEventBatch,
        to stream: String,
        of group: LogGroupName
    ) async throws(AWSFailure) -> Int {
        do throws(AWSFailure) {
            return try await putOnce(batch, stream, group)
        } catch {
            // The group and the stream have the same error, and only the call that makes the stream tells which is missing.
            guard error.error?.code == "ResourceNotFoundException" else { throw error }
        }
        try await create(stream, of: group)
        return try await putOnce(batch, stream, group)
    }

    private func create(_ stream: String, of group: LogGroupName) async throws(AWSFailure) {
        do throws(AWSFailure) {
            _ = try await call("CreateLogStream", NewStream(logGroupName: "\(group)", logStreamName: stream), group)
        } catch {
            guard error.error?.code == "ResourceAlreadyExistsException" else { throw error }
        }
    }

    private func putOnce(
        _ batch: LogEventBatch,
        _ stream: String,
        _ group: LogGroupName
    ) async throws(AWSFailure) -> Int {
        let events = batch.events.map { NewEvents.Event(timestamp: $0.time, message: $0.message) }
        let order = NewEvents(logGroupName: "\(group)", logStreamName: stream, logEvents: events)
        let bytes: [UInt8]
        do throws(AWSFailure) {
            bytes = try await call("PutLogEvents", order, group)
        } catch {
            // An earlier try had arrived, though its answer was lost.
            if error.error?.code == "DataAlreadyAcceptedException" { return 0 }
            throw error
        }
        let answer = try? JSONDecoder().decode(Answer.self, from: Data(bytes))
        guard let rejected = answer?.rejectedLogEventsInfo else { return 0 }
        let old = max(rejected.tooOldLogEventEndIndex ?? 0, rejected.expiredLogEventEndIndex ?? 0)
        let new = batch.events.count - (rejected.tooNewLogEventStartIndex ?? batch.events.count)
        return min(max(0, old) + max(0, new), batch.events.count)
    }

    /// - Parameter group: For the cure of an error.
    func call(
        _ action: String,
        _ order: some Encodable,
        _ group: LogGroupName
    ) async throws(AWSFailure) -> [UInt8] {
        // Texts and numbers alone can be encoded always.
        let body = (try? JSONEncoder().encode(order)) ?? Data()
        do throws(AWSFailure) {
            return try await client.callJSON(Self.target, action, Array(body))
        } catch {
            var failure = error
            failure.object = "\(group)"
            throw failure
        }
    }
}
