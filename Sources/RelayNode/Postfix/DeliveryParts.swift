import Vocabulary

/// The settings of delivery, as parameters and a table of Postfix.
struct DeliveryParts: Sendable, Equatable {
    let parameters: [PostfixConfiguration.Parameter]
    let tables: [PostfixTable]

    init(_ delivery: DeliverySettings, domain: DomainName, version: PostfixVersion) {
        typealias Parameter = PostfixConfiguration.Parameter
        let values: [(String, String?)] = [
            ("message_size_limit", delivery.messageSizeLimit.map { "\($0)" }),
            ("maximal_queue_lifetime", delivery.maximalQueueLifetime?.description),
            ("bounce_queue_lifetime", delivery.bounceQueueLifetime?.description),
            ("default_destination_concurrency_limit", delivery.destinationConcurrencyLimit.map { "\($0)" }),
            ("default_destination_rate_delay", delivery.destinationRateDelay?.description),
        ]
        var parameters = values.compactMap { name, value in value.map { Parameter(name, $0) } }
        if let limit = delivery.messageSizeLimit, limit == 0 || limit > Self.standardMailboxLimit {
            // Postfix's local delivery does not work where a mailbox may be smaller than a message.
            parameters += ["mailbox_size_limit", "virtual_mailbox_limit"].map { Parameter($0, "\(limit)") }
        }
        guard delivery.hidesInternalHeaders else {
            self.parameters = parameters
            self.tables = []
            return
        }
        let table = PostfixTable(.headerChecks, Self.headerChecks(domain))
        self.parameters = parameters + [Parameter("smtp_header_checks", table.name.reference(version))]
        self.tables = [table]
    }

    /// Bytes: Postfix's default for `mailbox_size_limit`.
    private static let standardMailboxLimit = 51_200_000

    /// A line in place of each that names an internal host. None is left out: Postfix counts them to see mail that goes
    /// round in circles.
    private static func headerChecks(_ domain: DomainName) -> [String] {
        let addresses = [
            "(127|10)\\.[0-9.]+", "172\\.(1[6-9]|2[0-9]|3[01])\\.[0-9.]+", "192\\.168\\.[0-9.]+", "169\\.254\\.[0-9.]+",
            "100\\.(6[4-9]|[789][0-9]|1[01][0-9]|12[0-7])\\.[0-9.]+", "IPv6:(f[cd]|fe[89ab])[0-9a-f:]+", "IPv6:::1",
        ]
        // In front of the date, the sixth group, are that of all addresses and four within.
        return [
            "/^Received: from .*\\[(\(addresses.joined(separator: "|")))\\].*(;[^;]*)$/"
                + " REPLACE Received: from internal by \(domain)${6}",
            "/^Received: by .*\\(Postfix, from userid [0-9]+\\).*(;[^;]*)$/ REPLACE Received: by \(domain)${1}",
            "/^X-Originating-IP:/ IGNORE",
        ]
    }
}
