import Vocabulary

extension ValueReader {
    /// `[mail.limits]`.
    func limits() -> ClientLimits {
        var limits = ClientLimits()
        limits.messagesPerMinute = number("mail.limits.messages_per_minute")
        limits.recipientsPerMinute = number("mail.limits.recipients_per_minute")
        limits.connectionsPerMinute = number("mail.limits.connections_per_minute")
        limits.connections = number("mail.limits.connections")
        limits.exempt = many("mail.limits.exempt", IPNetwork.init)
        let present = SettingKey.limits.compactMap { entry($0.name) }.filter { $0.value.isLimit }
        if !limits.exempt.isEmpty, present.isEmpty, let entry = entry("mail.limits.exempt") {
            problems.append(.unwanted(entry.key.name, in: entry.source, "it needs another setting of mail.limits too"))
        }
        refuseMasked(present, "this limit")
        return limits
    }

    /// Behind a load balancer that hides the senders, all of them are one client.
    ///
    /// - Parameter what: The effect of the settings, as `all senders would share ...` names it.
    func refuseMasked(_ settings: [SettingEntry], _ what: String) {
        guard !flag("mail.proxy_protocol") else { return }
        let reasons = [
            "load_balancer.classic": "hides the senders' addresses",
            "load_balancer.target_groups": "may hide the senders' addresses (IPv6, or without client IP preservation)",
        ]
        for place in reasons.keys.sorted() {
            guard case .list(let names)? = entry(place)?.value, !names.isEmpty, let reason = reasons[place] else {
                continue
            }
            for entry in settings {
                problems.append(
                    .unwanted(
                        entry.key.name,
                        in: entry.source,
                        """
                        \(place) \(reason), so all senders would share \(what); set mail.proxy_protocol = true here and \
                        switch it on at the load balancer, or remove \(entry.key.name)
                        """
                    )
                )
            }
            return
        }
    }
}

extension RawValue {
    fileprivate var isLimit: Bool { if case .number = self { true } else { false } }
}
