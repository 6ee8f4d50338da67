import Resources
import Testing

@testable import Reports

struct MetricsTests {
    @Test func aMetricHasItsHelpItsTypeAndItsSamples() {
        var text = PrometheusText()
        text.add(.changes, [.init(3, label: "x"), .init(2.5, label: "y")])
        text.add(.draining, [])
        #expect(
            text.description == """
                # HELP smtp_relay_agent_changes_total \(Metric.changes.help)
                # TYPE smtp_relay_agent_changes_total counter
                smtp_relay_agent_changes_total{resource="x"} 3
                smtp_relay_agent_changes_total{resource="y"} 2.5

                """
        )
    }

    @Test func whatWouldEndALabelIsEscaped() {
        var text = PrometheusText()
        text.add(.serviceUp, [.init(1, label: "a\\b\"c\nd")])
        #expect(text.description.hasSuffix("\nsmtp_relay_agent_service_up{service=\"a\\\\b\\\"c\\nd\"} 1\n"))
    }

    @Test func theSignersMessagesAreToldByTheirResultsWhereThereIsASigner() {
        #expect(!Metrics(NodeStatus(), now: 0).description.contains("signer_messages"))
        var status = NodeStatus()
        var counts = SignerCounts()
        for result in [.signed, .signed, .noKey, .headersTooLarge, .senderReported] as [SignerCounts.Result] {
            counts.count(result)
        }
        status.signer = counts
        let lines = Metrics(status, now: 0).description.split(separator: "\n")
            .filter { $0.hasPrefix("smtp_relay_agent_signer_messages_total{") }
        let numbers = ["signed": 2, "no key": 1, "headers too large": 1]
        #expect(
            lines
                == SignerCounts.Result.ofMessages.map {
                    "smtp_relay_agent_signer_messages_total{result=\"\($0.name)\"} \(numbers[$0.name] ?? 0)"
                }
        )
        #expect(Metrics(status, now: 0).description.contains("other_senders_total{verdict=\"reported\"} 1\n"))
        for result in SignerCounts.Result.ofMessages { #expect(Metric.signerMessages.help.contains(result.name)) }
    }

    @Test func everyMetricSaysInFullSentencesWhatItIs() {
        for metric in Metric.allCases {
            #expect(metric.help.hasSuffix(".") && !metric.help.contains("\n"))
        }
    }

    @Test func aNodeIsToldInFull() {
        var status = NodeStatus()
        status.counters.passes = 12
        status.counters.failedPasses = 1
        status.counters.changes = ["postfix": 2, "load balancer relay": 1]
        status.counters.apiCalls = 14
        status.counters.apiThrottles = 3
        status.lastPass = NodeStatus.Pass(startedAt: 990, seconds: 0.25, trigger: "the interval", changes: 0)
        status.lastSuccessAt = 980
        status.services = ["postfix", "nginx", "smtp-relay-agent-reconcile.timer"].map {
            NodeStatus.Service(name: $0, isActive: $0 == "postfix", isEnabled: true, process: nil)
        }
        status.probes = [
            ProbeReport(.smtp, "", at: 991), ProbeReport(.relayPolicy, "", failure: "open relay", at: 500),
        ]
        status.memberships = [
            MembershipReport(name: "load balancer relay", state: "InService", reason: ""),
            MembershipReport(name: "target group smtp", state: "unhealthy", reason: "Target.FailedHealthChecks"),
        ]
        status.drain = DrainOrder(.byHand, since: 900)
        var queue = PostfixQueue.Counts()
        queue.deferred = 7
        queue.oldestDeferred = 940
        status.queue = queue
        let lines = Metrics(status, now: 1000).description.split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(
            lines == [
                "smtp_relay_agent_build_info{version=\"\(AgentVersion.current)\"} 1",
                "smtp_relay_agent_passes_total 12",
                "smtp_relay_agent_failed_passes_total 1",
                "smtp_relay_agent_changes_total{resource=\"load balancer relay\"} 1",
                "smtp_relay_agent_changes_total{resource=\"postfix\"} 2",
                "smtp_relay_agent_api_calls_total 14",
                "smtp_relay_agent_api_throttles_total 3",
                "smtp_relay_agent_last_pass_timestamp_seconds 990",
                "smtp_relay_agent_last_pass_duration_seconds 0.25",
                "smtp_relay_agent_last_success_timestamp_seconds 980",
                "smtp_relay_agent_service_up{service=\"postfix\"} 1",
                "smtp_relay_agent_service_up{service=\"nginx\"} 0",
                "smtp_relay_agent_probe_success{probe=\"smtp\"} 1",
                "smtp_relay_agent_probe_success{probe=\"relay policy\"} 0",
                "smtp_relay_agent_probe_timestamp_seconds{probe=\"smtp\"} 991",
                "smtp_relay_agent_probe_timestamp_seconds{probe=\"relay policy\"} 500",
                "smtp_relay_agent_membership_in_service{membership=\"load balancer relay\"} 1",
                "smtp_relay_agent_membership_in_service{membership=\"target group smtp\"} 0",
                "smtp_relay_agent_draining 1",
                "smtp_relay_agent_queue_messages{state=\"maildrop\"} 0",
                "smtp_relay_agent_queue_messages{state=\"incoming\"} 0",
                "smtp_relay_agent_queue_messages{state=\"active\"} 0",
                "smtp_relay_agent_queue_messages{state=\"deferred\"} 7",
                "smtp_relay_agent_queue_messages{state=\"hold\"} 0",
                "smtp_relay_agent_queue_oldest_deferred_age_seconds 60",
            ]
        )
    }

    @Test func aHistogramCountsUpToEachBound() {
        var text = PrometheusText()
        text.add(.deliveryDelay, bounds: [1, 5], counts: [2, 0, 3], sum: 31.5)
        let lines = text.description.split(separator: "\n").dropFirst()
        #expect(
            Array(lines) == [
                "# TYPE smtp_relay_agent_delivery_delay_seconds histogram",
                "smtp_relay_agent_delivery_delay_seconds_bucket{le=\"1\"} 2",
                "smtp_relay_agent_delivery_delay_seconds_bucket{le=\"5\"} 2",
                "smtp_relay_agent_delivery_delay_seconds_bucket{le=\"+Inf\"} 5",
                "smtp_relay_agent_delivery_delay_seconds_sum 31.5",
                "smtp_relay_agent_delivery_delay_seconds_count 5",
            ]
        )
    }
}
