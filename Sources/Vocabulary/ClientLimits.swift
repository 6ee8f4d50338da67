/// `[mail.limits]`: what one client may send before Postfix makes it wait (anvil(8)).
package struct ClientLimits: Sendable, Equatable {
    package var messagesPerMinute: Int?
    package var recipientsPerMinute: Int?
    package var connectionsPerMinute: Int?
    /// Connections at the same time.
    package var connections: Int?
    /// Networks whose clients are not limited, such as the subnets of the other relays.
    package var exempt: [IPNetwork] = []

    package init() {}

    /// Whether there is any limit.
    package var isSet: Bool {
        [messagesPerMinute, recipientsPerMinute, connectionsPerMinute, connections].contains { $0 != nil }
    }
}
