import FoundationEssentials
import Vocabulary

/// What AWS announces to the instance through its metadata.
package struct InstanceNotices: Sendable, Equatable {
    /// What Auto Scaling is about to make of the instance: `InService`, `Terminated`, `Standby`, `Detached`,
    /// `Warmed:Stopped` and so on; `nil` in no group (EC2 Auto Scaling User Guide, "Retrieve the target lifecycle state").
    package var targetLifecycleState: String?
    package var spotInterruption: SpotInterruption?
    /// When EC2 recommended to replace the instance, as it says it.
    package var rebalanceRecommendation: String?
    /// Scheduled maintenance, one line an event: `system-reboot, active, 21 Jan 2027 09:00:43 GMT`.
    package var maintenance: [String] = []

    package init() {}

    /// Reads what there is now; 404 means that there is nothing.
    ///
    /// - Parameter onlyUrgent: Leaves out what can wait for the next pass.
    /// - Throws: `MetadataFailure`.
    package static func read(from metadata: MetadataReader, onlyUrgent: Bool) async throws -> InstanceNotices {
        var notices = InstanceNotices()
        notices.targetLifecycleState = try await metadata.optional("autoscaling/target-lifecycle-state")
            .map { $0.trimmed.escapedForDisplay }
        if let text = try await metadata.optional("spot/instance-action") {
            notices.spotInterruption = SpotInterruption(reading: text)
        }
        guard !onlyUrgent else { return notices }
        if let text = try await metadata.optional("events/recommendations/rebalance") {
            let notice = try? JSONDecoder().decode(Recommendation.self, from: Data(text.utf8))
            notices.rebalanceRecommendation = (notice?.noticeTime ?? String(text.prefix(200))).escapedForDisplay
        }
        if let text = try await metadata.optional("events/maintenance/scheduled") {
            let events = (try? JSONDecoder().decode([MaintenanceEvent].self, from: Data(text.utf8))) ?? []
            notices.maintenance = events.filter { $0.State == "active" }.map(\.description.escapedForDisplay)
        }
        return notices
    }

    private struct Recommendation: Decodable {
        let noticeTime: String
    }

    // swift-format-ignore: AlwaysUseLowerCamelCase
    private struct MaintenanceEvent: Decodable, CustomStringConvertible {
        let Code: String
        let State: String
        let NotBefore: String?

        var description: String { "\(Code), not before \(NotBefore ?? "a time that is not said")" }
    }
}

extension String {
    fileprivate var trimmed: String {
        String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}
