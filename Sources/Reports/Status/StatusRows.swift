import Resources
import Units
import Vocabulary

/// Everything that is known of the node, in sections.
struct StatusRows {
    let reading: StatusReading

    init(_ reading: StatusReading) {
        self.reading = reading
    }

    var status: NodeStatus { reading.status }

    var sections: [[StatusRow]] {
        // A small terminal shows the first ones: where mail comes from, and whether it goes on.
        [host, passes, memberships + queue, services + probes, failures, parts]
    }

    private var host: [StatusRow] {
        var rows = [StatusRow("node", node)]
        if let address = status.publicAddress {
            let name = status.publicName.map { "\($0) in DNS" } ?? "without a name in DNS that leads back to it"
            rows.append(StatusRow("public address", "\(address), \(name)"))
        }
        // The first pass may have ended before it knew.
        if !status.operatingSystem.isEmpty { rows.append(StatusRow("system", status.operatingSystem)) }
        if let vpc = status.vpcID, let networks = status.networks {
            rows.append(StatusRow("networks", "\(vpc): \(networks.joined(separator: ", "))"))
        }
        return rows
    }

    private var passes: [StatusRow] {
        var rows = [agent]
        if let isPublished = reading.isPublished, status.relayhost == nil {
            let answer = isPublished ? "answered with 200" : "answered with 503: OUT OF SERVICE"
            rows.append(StatusRow("health check", answer, isPublished ? .neutral : .bad))
        }
        if let order = status.drain {
            let phase = order.phase.map { ": \($0.rawValue)" } ?? ""
            rows.append(
                StatusRow("drained", "\(order.reason.rawValue), \(reading.ago(order.since))\(phase)", .attention)
            )
            if let left = order.left, left.total > 0 { rows.append(StatusRow("left behind", "\(left)", .bad)) }
        }
        if let pass = status.lastPass {
            let changes = "\(pass.changes) \(pass.changes == 1 ? "change" : "changes")"
            let result = pass.failure == nil ? changes : "FAILED"
            rows.append(
                StatusRow(
                    "last pass",
                    "\(reading.ago(pass.startedAt)), for \(pass.trigger): \(result)",
                    pass.failure == nil ? .neutral : .bad
                )
            )
        }
        if let next = nextPass { rows.append(StatusRow("next pass", next)) }
        if let fleet = status.fleet {
            let isTroubled = fleet.refused != nil || fleet.unread != nil || fleet.version == nil
            rows.append(StatusRow("fleet settings", text(of: fleet), isTroubled ? .attention : .neutral))
        }
        return rows
    }

    private var node: String {
        if let relayhost = status.relayhost { return "\(status.role), whose mail goes to \(relayhost)" }
        let place = [status.instanceID, status.address, status.availabilityZone].compactMap(\.self)
        return "\(status.role) \(place.joined(separator: ", "))"
    }

    private var agent: StatusRow {
        guard reading.isAgentUp else {
            return StatusRow("agent", "not resident", reading.hasRegularPasses ? .neutral : .attention)
        }
        return StatusRow("agent", "resident, process \(status.agent ?? 0), version \(status.version)")
    }

    private var nextPass: String? {
        if let next = status.nextPassAt { return "in about \(max(0, next - reading.now)) s" }
        let timer = Units.reconcileTimer.name
        return status.services.contains { $0.name == timer && $0.isActive } ? "by \(timer)" : nil
    }

    private func text(of fleet: NodeStatus.Fleet) -> String {
        var text = "\(fleet.place), \(fleet.version.map { "version \($0)" } ?? "NO VERSION YET")"
        if fleet.isOnTrial { text += " (on trial)" }
        if let time = fleet.readAt { text += ", read \(reading.ago(time))" }
        if let unread = fleet.unread { text += "; NOT READ: \(StatusReading.firstLine(unread))" }
        if let refused = fleet.refused {
            text += "; version \(refused.version) REFUSED \(reading.ago(refused.at)): "
            text += StatusReading.firstLine(refused.reason)
        }
        return text
    }

    private var failures: [StatusRow] {
        status.failures.map { failure in
            let text = StatusReading.firstLine(failure.text)
            return StatusRow("failure", "\(reading.ago(failure.at)), \(failure.step): \(text)")
        }
    }
}
