package import MailLogs
import Resources
import Units

/// The metrics of the node after the last pass.
///
/// nginx goes on serving them after the agent has ended; the age of the last pass then shows that.
package struct Metrics: CustomStringConvertible {
    package let description: String

    /// - Parameters:
    ///   - mail: The counts of the mail log; `nil` where nobody has read it.
    ///   - findings: Those of the resident agent's last look.
    ///   - now: Seconds since 1970.
    package init(_ status: NodeStatus, mail: FollowedLog? = nil, findings: [Found] = [], now: Int) {
        var text = PrometheusText()
        Self.addAgent(status, to: &text)
        Self.addNode(status, now: now, to: &text)
        if let mail { Self.addMail(mail, to: &text) }
        text.add(findings)
        self.description = text.description
    }

    private static func addAgent(_ status: NodeStatus, to text: inout PrometheusText) {
        let counters = status.counters
        text.add(.buildInfo, [.init(1, label: AgentVersion.current)])
        text.add(.passes, [.init(counters.passes)])
        text.add(.failedPasses, [.init(counters.failedPasses)])
        text.add(.changes, counters.changes.sorted { $0.key < $1.key }.map { .init($0.value, label: $0.key) })
        text.add(.apiCalls, [.init(counters.apiCalls)])
        text.add(.apiThrottles, [.init(counters.apiThrottles)])
        text.add(.lastPassTime, status.lastPass.map { [.init($0.startedAt)] } ?? [])
        text.add(.lastPassDuration, status.lastPass.map { [.init($0.seconds)] } ?? [])
        text.add(.lastSuccessTime, status.lastSuccessAt.map { [.init($0)] } ?? [])
        let departures = (counters.departures ?? [:]).sorted { $0.key < $1.key }
        text.add(.departures, departures.map { .init($0.value, label: $0.key) })
        guard let fleet = status.fleet else { return }
        text.add(.fleetSettingsInfo, fleet.version.map { [.init(1, label: $0)] } ?? [])
        text.add(.fleetSettingsRefused, [.init(fleet.refused == nil ? 0 : 1)])
        text.add(.fleetSettingsUnread, [.init(fleet.unread == nil ? 0 : 1)])
        text.add(.fleetSettingsReadTime, fleet.readAt.map { [.init($0)] } ?? [])
    }

    private static func addNode(_ status: NodeStatus, now: Int, to text: inout PrometheusText) {
        // Some of the agent's own units are meant to be down.
        let services = status.services.filter { service in !Units.all.contains { $0.name == service.name } }
        text.add(.serviceUp, services.map { .init($0.isActive ? 1 : 0, label: $0.name) })
        // A result of an earlier pass is not shown as one of the last pass.
        let probes = status.probes.filter { $0.isOld != true }
        text.add(.probeSuccess, probes.map { .init($0.failure == nil ? 1 : 0, label: $0.probe.rawValue) })
        text.add(
            .probeTime,
            probes.compactMap { probe in probe.at.map { .init($0, label: probe.probe.rawValue) } }
        )
        text.add(.membershipInService, status.memberships.map { .init($0.isInService ? 1 : 0, label: $0.name) })
        text.add(.draining, [.init(status.drain == nil ? 0 : 1)])
        addDeparture(status.drain, to: &text)
        if let signer = status.signer {
            text.add(.signerMessages, SignerCounts.Result.ofMessages.map { .init(signer[$0], label: $0.name) })
            let verdicts = [("refused", signer[.senderRefused]), ("reported", signer[.senderReported])]
            text.add(.otherSenders, verdicts.map { .init($0.1, label: $0.0) })
        }
        guard let queue = status.queue else { return }
        let states = [
            ("maildrop", queue.maildrop), ("incoming", queue.incoming), ("active", queue.active),
            ("deferred", queue.deferred), ("hold", queue.hold),
        ]
        text.add(.queueMessages, states.map { .init($0.1, label: $0.0) })
        text.add(.queueOldestDeferredAge, [.init(queue.oldestDeferred.map { max(0, now - $0) } ?? 0)])
    }

    /// Each series is there from the start, so that its first event shows as an increase.
    private static func addMail(_ log: FollowedLog, to text: inout PrometheusText) {
        let counts = log.tally.counts
        text.add(.acceptedMessages, [.init(counts.accepted)])
        text.add(.rejects, RejectReason.allCases.map { .init(counts.rejects[$0] ?? 0, label: $0.rawValue) })
        let deliveries = MailCounts.Result.allCases.flatMap { result in
            Provider.allCases.map { provider in
                let count = counts.deliveries[result]?[provider] ?? 0
                return PrometheusText.Sample(Double(count), labels: [result.rawValue, provider.rawValue])
            }
        }
        text.add(.deliveries, deliveries)
        text.add(.deliveryDelay, bounds: MailCounts.delayBounds, counts: counts.delays, sum: counts.delaySum)
        let directions = [("in", counts.incomingTLS), ("out", counts.outgoingTLS)]
        let sessions = directions.flatMap { direction, counts in
            MailCounts.TLSVersion.allCases.map {
                PrometheusText.Sample(Double(counts[$0] ?? 0), labels: [direction, $0.rawValue])
            }
        }
        text.add(.tlsSessions, sessions)
        text.add(.mailLogReadTime, log.readAt.map { [.init($0)] } ?? [])
    }

    private static func addDeparture(_ order: DrainOrder?, to text: inout PrometheusText) {
        guard let order else { return }
        text.add(.departurePhase, order.phase.map { [.init(1, label: $0.rawValue)] } ?? [])
        guard let left = order.left else { return }
        text.add(.departureMessagesLeft, [.init(left.waiting, label: "waiting"), .init(left.held, label: "hold")])
        text.add(.departureMessagesLeftByDomain, left.shares.map { .init($0.messages, label: $0.domain) })
    }
}
