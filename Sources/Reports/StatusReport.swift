import Vocabulary
package import Host
import RelayNode
import Resources
import SystemPackage
import Units

/// The node's status, for people and for programs.
package struct StatusReport: Sendable {
    private var status: NodeStatus
    private let isAgentUp: Bool
    private let isQueueOfNow: Bool
    /// Whether nginx has a file to answer the health check with 200; `nil` where that is not known.
    private let isPublished: Bool?
    private let now: Int

    /// `nil` where no pass has written anything down.
    package init?(files: FileSystem) {
        guard var status = StatusFile(files: files).read() else { return nil }
        // An order is carried out for minutes, and its file says how far that is.
        if let now = try? DrainOrders(files: files).current() { status.drain = now }
        let name = status.agent.flatMap { try? files.bytes(at: FilePath("/proc/\($0)/comm")) } ?? []
        // The kernel keeps fifteen characters of a program's name.
        let isAgentUp = String(decoding: name, as: UTF8.self).hasPrefix("smtp-relay-agen")
        self.init(
            status,
            isAgentUp: isAgentUp,
            isPublished: files.exists(FilePath(NginxConfiguration.healthFile)),
            queue: try? PostfixQueue(files: files).counts(),
            now: Timestamp.seconds
        )
    }

    /// - Parameter queue: The queue as it is now, where it may be looked at.
    init(
        _ status: NodeStatus,
        isAgentUp: Bool,
        isPublished: Bool? = nil,
        queue: PostfixQueue.Counts?,
        now: Int
    ) {
        self.isPublished = isPublished
        self.status = status
        self.isAgentUp = isAgentUp
        self.isQueueOfNow = queue != nil
        self.now = now
        if let queue {
            self.status.queue = queue
            self.status.queueCountedAt = now
        }
        if !isAgentUp {
            self.status.agent = nil
            self.status.nextPassAt = nil
        }
    }

    package var json: String {
        ((try? status.indentedJSON()) ?? "{}") + "\n"
    }

    package var table: String {
        var rows = [("node", node), ("system", status.operatingSystem)]
        if let vpc = status.vpcID, let networks = status.networks {
            rows.append(("networks", "\(vpc): \(networks.joined(separator: ", "))"))
        }
        rows.append(("agent", agent))
        if let isPublished, status.relayhost == nil {
            rows.append(("health check", isPublished ? "answered with 200" : "answered with 503: OUT OF SERVICE"))
        }
        if let address = status.publicAddress {
            let name = status.publicName.map { "\($0) in DNS" } ?? "without a name in DNS that leads back to it"
            rows.insert(("public address", "\(address), \(name)"), at: 1)
        }
        if let order = status.drain {
            let phase = order.phase.map { ": \($0.rawValue)" } ?? ""
            rows.append(("drained", "\(order.reason.rawValue), \(ago(order.since))\(phase)"))
            if let left = order.left, left.total > 0 { rows.append(("left behind", "\(left)")) }
        }
        if let pass = status.lastPass {
            let changes = "\(pass.changes) \(pass.changes == 1 ? "change" : "changes")"
            let result = pass.failure == nil ? changes : "FAILED"
            rows.append(("last pass", "\(ago(pass.startedAt)), for \(pass.trigger): \(result)"))
        }
        if let next = nextPass { rows.append(("next pass", next)) }
        if let fleet = status.fleet { rows.append(("fleet settings", text(of: fleet))) }
        rows += status.parts.map { part in
            var text = state(of: part)
            if let time = part.checkedAt { text += ", checked \(ago(time))" }
            if let time = part.changedAt { text += ", changed \(ago(time)): \(part.lastChange ?? "")" }
            return (part.name, text)
        }
        rows += status.services.map { service in
            let process = service.process.map { ", process \($0)" } ?? ""
            // Either the timer or the resident agent is meant to be off.
            let activity = service.isActive ? "active" : service.isEnabled ? "NOT ACTIVE" : "not active"
            return (service.name, "\(activity), \(service.isEnabled ? "enabled" : "not enabled")\(process)")
        }
        rows += status.probes.map { probe in
            var result = probe.failure.map { "FAILED: \(Self.firstLine($0))" } ?? "passed"
            if probe.isOld == true { result = "not checked by the last pass; before that, \(result)" }
            return ("probe \(probe.probe.rawValue)", "\(result), \(ago(probe.at ?? now)) (\(probe.subject))")
        }
        rows += status.memberships.map { membership in
            let reason = membership.reason.isEmpty ? "" : " (\(membership.reason))"
            return (membership.name, membership.state + reason + (membership.ours.map { "; \($0)" } ?? ""))
        }
        if let queue = status.queue { rows.append(("queue", text(of: queue))) }
        rows += status.failures.map { failure in
            ("failure", "\(ago(failure.at)), \(failure.step): \(Self.firstLine(failure.text))")
        }
        let width = rows.map(\.0.count).max() ?? 0
        return rows.map { $0 + String(repeating: " ", count: width - $0.count + 2) + $1 + "\n" }.joined()
    }

    private var node: String {
        if let relayhost = status.relayhost { return "\(status.role), whose mail goes to \(relayhost)" }
        let place = [status.instanceID, status.address, status.availabilityZone].compactMap(\.self)
        return "\(status.role) \(place.joined(separator: ", "))"
    }

    private var agent: String {
        isAgentUp ? "resident, process \(status.agent ?? 0), version \(status.version)" : "not resident"
    }

    /// A load balancer that does not send to the node is not as it should be, also where nothing is left for the node to do.
    private func state(of part: NodeStatus.Part) -> String {
        let membership = status.memberships.first { $0.name == part.name }
        guard part.state == .asItShouldBe, status.drain == nil, membership?.isInService == false else {
            return part.state.rawValue
        }
        return "registered, but not in service"
    }

    private var nextPass: String? {
        if let next = status.nextPassAt { return "in about \(max(0, next - now)) s" }
        let timer = Units.reconcileTimer.name
        return status.services.contains { $0.name == timer && $0.isActive } ? "by \(timer)" : nil
    }

    private func text(of fleet: NodeStatus.Fleet) -> String {
        var text = "\(fleet.place), \(fleet.version.map { "version \($0)" } ?? "NO VERSION YET")"
        if fleet.isOnTrial { text += " (on trial)" }
        if let time = fleet.readAt { text += ", read \(ago(time))" }
        if let unread = fleet.unread { text += "; NOT READ: \(Self.firstLine(unread))" }
        if let refused = fleet.refused {
            text += "; version \(refused.version) REFUSED \(ago(refused.at)): \(Self.firstLine(refused.reason))"
        }
        return text
    }

    private func text(of queue: PostfixQueue.Counts) -> String {
        let oldest = queue.oldestDeferred.map { ", the oldest came \(ago($0))" } ?? ""
        let age = isQueueOfNow ? "" : status.queueCountedAt.map { ", counted \(ago($0))" } ?? ""
        return
            "\(queue.incoming + queue.maildrop) incoming, \(queue.active) active, \(queue.deferred) deferred\(oldest), "
            + "\(queue.hold) on hold\(age)"
    }

    private static func firstLine(_ text: String) -> String {
        text.split(separator: "\n").first.map(String.init) ?? ""
    }

    private func ago(_ time: Int) -> String {
        let seconds = max(0, now - time)
        switch seconds {
        case ..<120: return "\(seconds) s ago"
        case ..<7200: return "\(seconds / 60) min ago"
        default: return "\(seconds / 3600) h ago (\(Timestamp(secondsSinceEpoch: time)))"
        }
    }
}
