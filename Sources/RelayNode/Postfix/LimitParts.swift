import Vocabulary

/// The parameters by which Postfix limits each client.
struct LimitParts: Sendable, Equatable {
    let parameters: [PostfixConfiguration.Parameter]

    /// - Parameter probes: The clients as which the doors are tried. They are hosts of the proof, and never limited.
    init(_ limits: ClientLimits, probes: [IPAddress]) {
        typealias Parameter = PostfixConfiguration.Parameter
        guard limits.isSet else {
            self.parameters = []
            return
        }
        let values = [
            ("smtpd_client_message_rate_limit", limits.messagesPerMinute),
            ("smtpd_client_recipient_rate_limit", limits.recipientsPerMinute),
            ("smtpd_client_connection_rate_limit", limits.connectionsPerMinute),
            ("smtpd_client_connection_count_limit", limits.connections),
        ]
        // By default, Postfix limits no client of mynetworks, which is each sender here.
        let hosts = probes.map { IPNetwork(around: $0, prefixLength: $0.family.bits) }
        let exempt = ["127.0.0.0/8", "[::1]/128"] + (hosts + limits.exempt).map(\.listForm)
        self.parameters =
            values.compactMap { name, limit in limit.map { Parameter(name, "\($0)") } }
            + [
                Parameter("anvil_rate_time_unit", "60s"),
                Parameter("smtpd_client_event_limit_exceptions", exempt.joined(separator: " ")),
            ]
    }
}
