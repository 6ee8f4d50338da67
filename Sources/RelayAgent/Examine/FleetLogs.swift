import AWS
import CloudWatch
package import MailLogs
import Vocabulary

/// The logs of all nodes in CloudWatch, as this node may read them.
package struct FleetLogs: Sendable {
    private let gatherer: Gatherer

    /// Seconds: a message waits for five days at most (postconf(5), maximal_queue_lifetime).
    private static let past = 7 * 86_400

    package init(gatherer: Gatherer) { self.gatherer = gatherer }

    /// The traces of the nodes besides this one.
    ///
    /// - Parameter handedOver: The ids that other relays have given this node's messages.
    /// - Throws: `NoFleetLogs`, `AWSFailure`, or the reason why the settings can't be read.
    package func traces(
        of query: TraceQuery,
        handedOver: [QueueID]
    ) async throws -> [(instance: String, trace: MailTrace)] {
        let situation = try await gatherer.situation(for: "trace --fleet")
        let settings = situation.settings.cloudWatch
        guard let group = settings.logs else { throw NoFleetLogs() }
        let fleet = FleetTrace(
            logs: situation.account.events,
            group: group,
            form: settings.addresses,
            start: Timestamp.seconds - Self.past
        )
        return try await fleet.traces(of: query, handedOver: handedOver)
            .filter { $0.instance != "\(situation.facts.instanceID)" }
    }
}

/// The nodes write no logs to CloudWatch.
package struct NoFleetLogs: Error, CustomStringConvertible {
    package var description: String {
        "cloudwatch.logs is not set, so the nodes write no mail log to CloudWatch; set it for all nodes, or leave out --fleet"
    }
}
