import FoundationEssentials
import Vocabulary

/// What AWS announces to the instance through its metadata.
package struct InstanceNotices: Sendable, Equatable {
    /// What Auto Scaling is about to make of the instance: `InService`, `Terminated`, `Standby`, `Detached`,
    /// `Warmed:Stopped` and so on; `nil` in no group (EC2 Auto Scaling User Guide, "Retrieve the target lifecycle state").
    package var targetLifecycleState: String?
    /// Whether this is an on-demand instance, which EC2 never interrupts (EC2 User Guide, "Instance metadata categories",
    /// `instance-life-cycle`).
    package var isOnDemand = false
    package var spotInterruption: SpotInterruption?
    /// When EC2 recommended to replace the instance, as it says it.
    package var rebalanceRecommendation: String?
    /// Scheduled maintenance, one line an event: `system-reboot, active, 21 Jan 2027 09:00:43 GMT`.
    package var maintenance: [String] = []

    package init() {}

    /// Reads what there is now; 404 means that there is nothing.
    ///
    /// - Throws: `MetadataFailure`.
    package static func read(from metadata: MetadataReader) async throws -> InstanceNotices {
        let lifeCycle = try await metadata.optional("instance-life-cycle")
        var notices = try await readUrgent(from: metadata, isOnDemand: lifeCycle?.trimmed == "on-demand")
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

    /// Reads what can't wait for the next pass.
    ///
    /// - Parameter isOnDemand: As it was read before.
    /// - Throws: `MetadataFailure`.
    package static func readUrgent(from metadata: MetadataReader, isOnDemand: Bool) async throws -> InstanceNotices {
        var notices = InstanceNotices()
        notices.isOnDemand = isOnDemand
        notices.targetLifecycleState = try await metadata.optional("autoscaling/target-lifecycle-state")
            .map { $0.trimmed.escapedForDisplay }
        if !isOnDemand, let text = try await metadata.optional("spot/instance-action") {
            notices.spotInterruption = SpotInterruption(reading: text)
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
