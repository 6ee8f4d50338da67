extension SettingKey {
    /// Every setting of `[mail.limits]`.
    static let limits: [SettingKey] = [
        limit("messages_per_minute", "Messages that one sender may send in a minute. Postfix answers 450 to more."),
        limit("recipients_per_minute", "Recipients that one sender may name in a minute. Postfix answers 450 to more."),
        limit(
            "connections_per_minute",
            "Connections that one sender may open in a minute. Postfix answers 421 to more."
        ),
        limit("connections", "Connections that one sender may have at the same time. Postfix answers 421 to more."),
        SettingKey(
            "mail.limits.exempt",
            .list,
            .network,
            from: .fleet,
            standard: .list([]),
            """
            Networks whose hosts are not limited. Name the subnets of the other relays, so that a leaving relay can hand its \
            mail over at full speed.
            """
        ),
    ]

    private static func limit(_ name: String, _ summary: String) -> SettingKey {
        SettingKey(
            "mail.limits.\(name)",
            .number,
            .integer(1...1_000_000),
            from: .fleet,
            standard: nil,
            otherwise: "none",
            "\(summary) A sender is one address, so a load balancer has to show the senders' addresses: `mail.proxy_protocol`."
        )
    }
}
