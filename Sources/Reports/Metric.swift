/// A metric that monitoring can read: its name, kind, labels and meaning.
package enum Metric: String, CaseIterable {
    case buildInfo = "build_info"
    case passes = "passes_total"
    case failedPasses = "failed_passes_total"
    case changes = "changes_total"
    case apiCalls = "api_calls_total"
    case apiThrottles = "api_throttles_total"
    case lastPassTime = "last_pass_timestamp_seconds"
    case lastPassDuration = "last_pass_duration_seconds"
    case lastSuccessTime = "last_success_timestamp_seconds"
    case serviceUp = "service_up"
    case probeSuccess = "probe_success"
    case probeTime = "probe_timestamp_seconds"
    case membershipInService = "membership_in_service"
    case draining
    case departurePhase = "departure_phase"
    case departureMessagesLeft = "departure_messages_left"
    case departureMessagesLeftByDomain = "departure_messages_left_by_domain"
    case queueMessages = "queue_messages"
    case queueOldestDeferredAge = "queue_oldest_deferred_age_seconds"
    case signerMessages = "signer_messages_total"
    case fleetSettingsInfo = "fleet_settings_info"
    case fleetSettingsRefused = "fleet_settings_refused"
    case fleetSettingsUnread = "fleet_settings_unread"
    case fleetSettingsReadTime = "fleet_settings_read_timestamp_seconds"
    case otherSenders = "other_senders_total"
    case acceptedMessages = "smtpd_messages_total"
    case rejects = "smtpd_rejects_total"
    case deliveries = "deliveries_total"
    case deliveryDelay = "delivery_delay_seconds"
    case tlsSessions = "tls_sessions_total"
    case mailLogReadTime = "mail_log_read_timestamp_seconds"
    case departures = "departures_total"
    case finding

    /// The name in Prometheus: with the unit as the last word.
    package var name: String { Self.prefix + rawValue }

    package static let prefix = "smtp_relay_agent_"

    /// A counter's name ends with `_total`.
    package var kind: PrometheusText.Kind {
        if self == .deliveryDelay { return .histogram }
        return rawValue.hasSuffix("_total") ? .counter : .gauge
    }

    /// The names of the labels that tell its samples apart.
    package var labels: [String] {
        switch self {
        case .buildInfo, .fleetSettingsInfo: ["version"]
        case .changes: ["resource"]
        case .serviceUp: ["service"]
        case .probeSuccess, .probeTime: ["probe"]
        case .membershipInService: ["membership"]
        case .departurePhase: ["phase"]
        case .departureMessagesLeft, .queueMessages: ["state"]
        case .otherSenders: ["verdict"]
        case .departureMessagesLeftByDomain: ["domain"]
        case .signerMessages: ["result"]
        case .rejects: ["reason"]
        case .deliveries: ["result", "provider"]
        case .tlsSessions: ["direction", "version"]
        case .departures: ["outcome"]
        case .finding: ["name", "severity"]
        case .passes, .failedPasses, .apiCalls, .apiThrottles, .lastPassTime, .lastPassDuration, .lastSuccessTime,
            .draining, .queueOldestDeferredAge, .fleetSettingsRefused, .fleetSettingsUnread, .fleetSettingsReadTime,
            .acceptedMessages, .deliveryDelay, .mailLogReadTime:
            []
        }
    }

    /// The text of the metric's HELP line.
    package var help: String {
        switch self {
        case .buildInfo: "Always 1. The label is the agent's version."
        case .passes: "Passes since the boot."
        case .failedPasses: "Passes since the boot that failed."
        case .changes: "Changes since the boot, by the part of the node that was changed."
        case .apiCalls: "Requests to AWS APIs since the boot. Each try counts."
        case .apiThrottles: "Requests to AWS APIs since the boot that were throttled."
        case .lastPassTime: "When the last pass began. It grows old when the agent has ended."
        case .lastPassDuration: "How long the last pass took."
        case .lastSuccessTime: "When a pass last ended without a failure."
        case .serviceUp: "1 if the service runs: postfix or nginx."
        case .probeSuccess: "1 if the probe passed in the last pass: relay policy, smtp, queue disk or health check."
        case .probeTime: "When the probe ran. For relay policy: when the proof was made that is still valid."
        case .membershipInService: "1 if the load balancer or target group calls the node in service."
        case .draining: "1 if the node is leaving, or has left, its load balancers."
        case .departurePhase: "Always 1. The label is the phase of a leaving node."
        case .departureMessagesLeft: "Messages on the disk of a node that has left: waiting or hold."
        case .departureMessagesLeftByDomain:
            "The same by domain of the receivers. If there are many, only the largest."
        case .queueMessages: "Messages in Postfix's queue: maildrop, incoming, active, deferred or hold."
        case .queueOldestDeferredAge: "Age of the oldest deferred message. 0 if there is none."
        case .signerMessages:
            "Messages since the signer's start: signed, signed before, no key, refused, headers too large, key failed or protocol error."
        case .fleetSettingsInfo: "Always 1. The label is the version of the fleet's settings that is in force."
        case .fleetSettingsRefused: "1 if the newest version of the fleet's settings is not taken."
        case .fleetSettingsUnread: "1 if the fleet's settings could not be read the last time."
        case .fleetSettingsReadTime: "When the fleet's settings were read last."
        case .otherSenders:
            "Messages since the start of the signer whose sender mail.senders does not name: refused or reported."
        case .acceptedMessages: "Messages that Postfix has accepted from other hosts."
        case .rejects:
            "Commands and messages of other hosts that Postfix has refused. The label is the reason: relay_denied, client, helo, sender, recipient, rate_limit, size, queue_full, milter, content, tls or other."
        case .deliveries:
            "Tries to deliver a message to one recipient: sent, deferred, bounced or expired. The provider is that of the receiver; relay is another relay of the VPC, local is this host."
        case .deliveryDelay: "Seconds from a message's arrival until it was sent, for each recipient."
        case .tlsSessions:
            "TLS sessions of Postfix. The direction is in (with senders) or out (with receivers)."
        case .mailLogReadTime: "When the resident agent last read the mail log."
        case .departures:
            "Departures that this node has ended: empty (all mail was handed over or sent), messages_left or failed."
        case .finding: "1 for each finding of the doctor. The label is its severity: critical, warning or info."
        }
    }
}
