package import AWS
package import MailLogs
package import Vocabulary

/// Looks for mail in the logs that all nodes of a fleet have written to CloudWatch.
package struct FleetTrace: Sendable {
    private let logs: any LogEventReading
    private let group: LogGroupName
    private let addresses: AddressWriting
    /// Seconds since 1970; earlier events are not looked at.
    private let start: Int

    /// Events of one question; more mean that it is too wide.
    private static let limit = 10_000
    /// Generations of messages that come from a message, on this node or another one.
    private static let depth = 5
    /// Ids of one question: a pattern has at most 1,024 characters (CloudWatch Logs API Reference, FilterLogEvents).
    private static let idsAtOnce = 25

    /// - Parameters:
    ///   - form: The form in which the nodes write addresses.
    ///   - start: Seconds since 1970; earlier events are not looked at.
    package init(logs: any LogEventReading, group: LogGroupName, form: AddressForm, start: Int) {
        self.logs = logs
        self.group = group
        self.addresses = AddressWriting(form: form)
        self.start = start
    }

    /// The trace of each node that has such mail, by the ids of their instances.
    ///
    /// - Parameter handedOver: The ids that this node's receivers gave messages, which other nodes know them by.
    /// - Throws: `AWSFailure`.
    package func traces(
        of query: TraceQuery,
        handedOver: [QueueID] = []
    ) async throws(AWSFailure) -> [(instance: String, trace: MailTrace)] {
        let written = query.written(address: addresses.address, messageID: addresses.messageID)
        var found: [String: Found] = [:]
        try await read([written.term] + handedOver.map(\.description), into: &found) {
            written.matches($0) || $0.queueID.map(handedOver.contains) ?? false
        }
        var asked: Set<QueueID> = []
        for _ in 0..<Self.depth {
            let wanted = Set(found.values.flatMap(\.ids)).subtracting(asked)
            if wanted.isEmpty { break }
            asked.formUnion(wanted)
            let ids = wanted.map(\.description).sorted()
            for first in stride(from: 0, to: ids.count, by: Self.idsAtOnce) {
                let some = Array(ids[first..<min(first + Self.idsAtOnce, ids.count)])
                try await read(some, into: &found) { $0.queueID.map { some.contains($0.description) } ?? false }
            }
        }
        return found.sorted { $0.key < $1.key }.map { instance, found in
            (instance, MailTrace(of: written, steps: found.steps, since: start))
        }
    }

    private struct Found {
        private var numbered: [(number: [Int], step: TracedMessage.Step)] = []
        /// The events that are here, by their ids.
        private var known: Set<String> = []

        /// In the order in which their node has read them.
        var steps: [TracedMessage.Step] {
            numbered.sorted { $0.number.lexicographicallyPrecedes($1.number) }.map(\.step)
        }

        /// - Parameter id: The event's, which ends with the numbers of its batch and of its place there.
        mutating func add(_ step: TracedMessage.Step, id: String) {
            guard known.insert(id).inserted else { return }
            numbered.append((id.split(separator: "-").compactMap { Int($0) }, step))
        }

        /// The messages, and those that other nodes, or this one, have made from them.
        var ids: [QueueID] {
            steps.flatMap { step in
                var ids = [step.event.queueID]
                switch step.event {
                case .delivery(_, let delivery): ids.append(delivery.nextID)
                case .notice(_, let notice): ids.append(notice)
                default: break
                }
                return ids.compactMap(\.self)
            }
        }
    }

    private func read(
        _ terms: [String],
        into found: inout [String: Found],
        where isWanted: (MailEvent) -> Bool
    ) async throws(AWSFailure) {
        let quoted = terms.map { "\"\($0)\"" }
        let pattern = quoted.count == 1 ? quoted[0] : quoted.map { "?\($0)" }.joined(separator: " ")
        let (events, _) = try await logs.events(of: group, fitting: pattern, since: start * 1000, limit: Self.limit)
        for event in events {
            guard let recorded = RecordedMailEvent(event.message), isWanted(recorded.event) else { continue }
            let step = TracedMessage.Step(time: event.time / 1000, event: recorded.event)
            found[recorded.instance, default: Found()].add(step, id: recorded.id)
        }
    }
}
