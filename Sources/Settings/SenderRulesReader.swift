import Vocabulary

extension ValueReader {
    /// `mail.senders`, `[[mail.client]]` and `[mail.rewrite]`.
    func senderRules() -> SenderRules {
        var rules = SenderRules()
        rules.senders = many("mail.senders", SenderPattern.init)
        rules.mode = choice("mail.senders_mode") ?? .enforce
        rules.clients = many("mail.client", ClientSenders.init)
        rules.rewriting.masquerade = many("mail.rewrite.masquerade", DomainName.init)
        rules.rewriting.map = many("mail.rewrite.map", SenderMapping.init)
        refuseDoubles("mail.client", rules.clients.map { "\($0.network)" })
        refuseDoubles("mail.rewrite.map", rules.rewriting.map.map { "\($0.from)" })
        if !rules.clients.isEmpty, let entry = entry("mail.client") { refuseMasked([entry], "these lists") }
        refuseCircles(rules.rewriting)
        refuseUselessMappings(rules)
        return rules
    }

    private func refuseDoubles(_ name: String, _ values: [String]) {
        guard let entry = entry(name) else { return }
        var known = Set<String>()
        for value in values where !known.insert(value).inserted {
            problems.append(.unwanted(name, in: entry.source, "\(value) is listed more than once"))
        }
    }

    private func refuseCircles(_ rewriting: SenderRewriting) {
        guard let entry = entry("mail.rewrite.map") else { return }
        for mapping in rewriting.map
        where rewriting.leaving(localPart: mapping.to.localPart, domain: "\(mapping.to.domain)") == nil {
            let reason = "'\(mapping)' goes in a circle with the others; let one of them end outside of it"
            problems.append(.unwanted(entry.key.name, in: entry.source, reason))
        }
    }

    /// An address that mail is to leave as would be refused itself.
    private func refuseUselessMappings(_ rules: SenderRules) {
        guard rules.refuses, !rules.senders.isEmpty, let entry = entry("mail.rewrite.map") else { return }
        let patterns = rules.senders + rules.clients.flatMap(\.senders)
        for mapping in rules.rewriting.map {
            guard
                let (name, domain) = rules.rewriting.leaving(
                    localPart: mapping.to.localPart,
                    domain: "\(mapping.to.domain)"
                ), !patterns.contains(where: { $0.contains(localPart: name, domain: domain) })
            else { continue }
            let reason = "mail would leave as \(name)@\(domain), which mail.senders refuses; add it there"
            problems.append(.unwanted(entry.key.name, in: entry.source, reason))
        }
    }
}
