import Resources
import Units

/// The parts of the node, and what the looks at it have shown.
extension StatusRows {
    var parts: [StatusRow] {
        status.parts.map { part in
            let state = state(of: part)
            var text = state.text
            if let time = part.checkedAt { text += ", checked \(reading.ago(time))" }
            if let time = part.changedAt { text += ", changed \(reading.ago(time)): \(part.lastChange ?? "")" }
            return StatusRow(part.name, text, state.standing)
        }
    }

    /// A load balancer that does not send to the node is not as it should be, also where nothing is left for the node to do.
    private func state(of part: NodeStatus.Part) -> (text: String, standing: Standing) {
        let membership = status.memberships.first { $0.name == part.name }
        switch part.state {
        case .asItShouldBe where status.drain == nil && membership?.isInService == false:
            return ("registered, but not in service", .attention)
        case .asItShouldBe: return (part.state.rawValue, .neutral)
        case .failed: return (part.state.rawValue, .bad)
        case .notReached: return (part.state.rawValue, .attention)
        }
    }

    var services: [StatusRow] {
        status.services.map { service in
            let process = service.process.map { ", process \($0)" } ?? ""
            // Either the timer or the resident agent is meant to be off.
            let activity = service.isActive ? "active" : service.isEnabled ? "NOT ACTIVE" : "not active"
            let isDown = !service.isActive && service.isEnabled
            return StatusRow(
                service.name,
                "\(activity), \(service.isEnabled ? "enabled" : "not enabled")\(process)",
                isDown ? .bad : .neutral
            )
        }
    }

    var probes: [StatusRow] {
        status.probes.map { probe in
            var result = probe.failure.map { "FAILED: \(StatusReading.firstLine($0))" } ?? "passed"
            if probe.isOld == true { result = "not checked by the last pass; before that, \(result)" }
            return StatusRow(
                "probe \(probe.probe.rawValue)",
                "\(result), \(reading.ago(probe.at ?? reading.now)) (\(probe.subject))",
                probe.failure == nil ? .neutral : .bad
            )
        }
    }

    var memberships: [StatusRow] {
        status.memberships.map { membership in
            let reason = membership.reason.isEmpty ? "" : " (\(membership.reason))"
            return StatusRow(
                membership.name,
                membership.state + reason + (membership.ours.map { "; \($0)" } ?? ""),
                membership.isInService || status.drain != nil ? .neutral : .bad
            )
        }
    }

    var queue: [StatusRow] {
        guard let queue = status.queue else { return [] }
        let oldest = queue.oldestDeferred.map { ", the oldest came \(reading.ago($0))" } ?? ""
        let age = reading.isQueueOfNow ? "" : status.queueCountedAt.map { ", counted \(reading.ago($0))" } ?? ""
        let text =
            "\(queue.incoming + queue.maildrop) incoming, \(queue.active) active, \(queue.deferred) deferred\(oldest), "
            + "\(queue.hold) on hold\(age)"
        return [StatusRow("queue", text, queue.deferred == 0 ? .neutral : .attention)]
    }
}
