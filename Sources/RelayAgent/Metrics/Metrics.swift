import Resources
import Units

/// What monitoring wants to know of the node, as the last pass left it.
///
/// Whoever watches the age of the last pass sees an agent that has ended: the file stays, and nginx goes on serving it.
struct Metrics: CustomStringConvertible {
    let description: String

    /// - Parameter now: Seconds since 1970.
    init(_ status: NodeStatus, now: Int) {
        var text = PrometheusText()
        Self.addAgent(status, to: &text)
        Self.addNode(status, now: now, to: &text)
        self.description = text.description
    }

    private static func addAgent(_ status: NodeStatus, to text: inout PrometheusText) {
        let (prefix, counters) = ("smtp_relay_agent_", status.counters)
        text.add(
            prefix + "build_info",
            .gauge,
            "Always 1; the label is the agent's version.",
            [.init(1, label: ("version", AgentVersion.current))]
        )
        text.add(prefix + "passes_total", .counter, "Passes since the boot.", [.init(counters.passes)])
        text.add(
            prefix + "failed_passes_total",
            .counter,
            "Passes since the boot that did not bring the node where it should be.",
            [.init(counters.failedPasses)]
        )
        text.add(
            prefix + "changes_total",
            .counter,
            "Changes made since the boot, by the part of the node that was not as it should be.",
            counters.changes.sorted { $0.key < $1.key }.map { .init($0.value, label: ("resource", $0.key)) }
        )
        text.add(
            prefix + "api_calls_total",
            .counter,
            "Requests to AWS APIs since the boot, each try for itself.",
            [.init(counters.apiCalls)]
        )
        text.add(
            prefix + "api_throttles_total",
            .counter,
            "Requests to AWS APIs since the boot that were throttled.",
            [.init(counters.apiThrottles)]
        )
        text.add(
            prefix + "last_pass_timestamp_seconds",
            .gauge,
            "When the last pass began; an agent that has ended lets it grow old.",
            status.lastPass.map { [.init($0.startedAt)] } ?? []
        )
        text.add(
            prefix + "last_pass_duration_seconds",
            .gauge,
            "How long the last pass took.",
            status.lastPass.map { [.init($0.seconds)] } ?? []
        )
        text.add(
            prefix + "last_success_timestamp_seconds",
            .gauge,
            "When the node was as it should be last.",
            status.lastSuccessAt.map { [.init($0)] } ?? []
        )
    }

    private static func addNode(_ status: NodeStatus, now: Int, to text: inout PrometheusText) {
        let prefix = "smtp_relay_agent_"
        text.add(
            prefix + "service_up",
            .gauge,
            "Whether a service of the relay runs.",
            // Of the agent's own units some are meant to be down.
            status.services.filter { service in !Units.all.contains { $0.name == service.name } }
                .map { .init($0.isActive ? 1 : 0, label: ("service", $0.name)) }
        )
        // What the last pass did not look at is not said to be so.
        let probes = status.probes.filter { $0.isOld != true }
        text.add(
            prefix + "probe_success",
            .gauge,
            "Whether the last pass's look at the node's own service passed.",
            probes.map { .init($0.failure == nil ? 1 : 0, label: ("probe", $0.probe.rawValue)) }
        )
        text.add(
            prefix + "probe_timestamp_seconds",
            .gauge,
            "When that look was taken.",
            probes.compactMap { probe in probe.at.map { .init($0, label: ("probe", probe.probe.rawValue)) } }
        )
        text.add(
            prefix + "membership_in_service",
            .gauge,
            "Whether a load balancer calls the node in service.",
            status.memberships.map { .init($0.isInService ? 1 : 0, label: ("membership", $0.name)) }
        )
        text.add(
            prefix + "draining",
            .gauge,
            "Whether the node leaves or has left its load balancers.",
            [.init(status.drain == nil ? 0 : 1)]
        )
        addDeparture(status.drain, to: &text)
        guard let queue = status.queue else { return }
        let states = [
            ("maildrop", queue.maildrop), ("incoming", queue.incoming), ("active", queue.active),
            ("deferred", queue.deferred), ("hold", queue.hold),
        ]
        text.add(
            prefix + "queue_messages",
            .gauge,
            "Messages in Postfix's queue, by their state.",
            states.map { .init($0.1, label: ("state", $0.0)) }
        )
        text.add(
            prefix + "queue_oldest_deferred_age_seconds",
            .gauge,
            "How long ago the oldest of the deferred messages came; 0 where there is none.",
            [.init(queue.oldestDeferred.map { max(0, now - $0) } ?? 0)]
        )
    }

    private static func addDeparture(_ order: DrainOrder?, to text: inout PrometheusText) {
        guard let order else { return }
        let prefix = "smtp_relay_agent_departure_"
        text.add(
            prefix + "phase",
            .gauge,
            "Always 1; the label is how far a node is that leaves.",
            order.phase.map { [.init(1, label: ("phase", $0.rawValue))] } ?? []
        )
        guard let left = order.left else { return }
        text.add(
            prefix + "messages_left",
            .gauge,
            "Messages that stay on the disk of a node that has left.",
            [.init(left.waiting, label: ("state", "waiting")), .init(left.held, label: ("state", "hold"))]
        )
        text.add(
            prefix + "messages_left_by_domain",
            .gauge,
            "The same by the receivers' domain; of a few domains, where there are many.",
            left.shares.map { .init($0.messages, label: ("domain", $0.domain)) }
        )
    }
}
