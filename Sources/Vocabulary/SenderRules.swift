/// `mail.senders`, `[[mail.client]]` and `[mail.rewrite]`: who may send as whom, and as whom mail leaves.
package struct SenderRules: Sendable, Equatable, Codable {
    /// The treatment of mail from other senders.
    package enum Mode: String, Sendable, CaseIterable, Codable {
        /// It is refused.
        case enforce
        /// It is only reported.
        case warn
    }

    /// The senders of each client without a list of its own; empty for any.
    package var senders: [SenderPattern] = []
    /// The clients with lists of their own.
    package var clients: [ClientSenders] = []
    package var mode = Mode.enforce
    /// The changes that Postfix makes before.
    package var rewriting = SenderRewriting()

    package init() {}

    /// Whether anybody is limited.
    package var isSet: Bool { !senders.isEmpty || !clients.isEmpty }

    /// Whether mail is refused, so that none may pass unseen.
    package var refuses: Bool { isSet && mode == .enforce }

    /// The senders of a client: those of the smallest network that it is in. `nil` where it may send as anybody.
    package func patterns(for client: IPAddress?) -> [SenderPattern]? {
        let own = clients.filter { entry in client.map { entry.network.contains($0) } ?? false }
            .max { $0.network.prefixLength < $1.network.prefixLength }
        if let own { return own.senders }
        return senders.isEmpty ? nil : senders
    }
}

/// `[[mail.client]]`: the senders of the clients of a network.
package struct ClientSenders: Sendable, Hashable, TextCodable {
    package let network: IPNetwork
    package let senders: [SenderPattern]

    /// Parses `10.0.1.0/24=example.com:.example.com`.
    package init(_ text: String) throws(InvalidValue) {
        let pair = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard pair.count == 2 else {
            throw InvalidValue(text, expected: "a network and its senders, such as 10.0.1.0/24=example.com")
        }
        self.network = try IPNetwork(pair[0])
        var senders: [SenderPattern] = []
        for word in pair[1].split(separator: ":", omittingEmptySubsequences: false) {
            senders.append(try SenderPattern(String(word)))
        }
        self.senders = senders
    }

    package var description: String { "\(network)=\(senders.map(\.description).joined(separator: ":"))" }
}

/// `[mail.rewrite]`: the senders that leave as others, in the envelope and the headers.
package struct SenderRewriting: Sendable, Equatable, Codable {
    /// Domains whose hosts are hidden: Postfix's `masquerade_domains`.
    package var masquerade: [DomainName] = []
    /// Addresses in place of others: Postfix's `sender_canonical_maps`.
    package var map: [SenderMapping] = []

    package init() {}

    package var isSet: Bool { !masquerade.isEmpty || !map.isEmpty }

    /// The mappings, in the order in which Postfix asks for them: the first that fits counts.
    package var ordered: [SenderMapping] {
        // No two have the same place: each source is there once.
        func rank(_ mapping: SenderMapping) -> (Int, Int, String) {
            switch mapping.from {
            case .address(let address): (0, 0, "\(address)")
            case .domain(let domain): (1, 0, "\(domain)")
            case .subdomains(let domain): (2, -"\(domain)".utf8.count, "\(domain)")
            }
        }
        return map.sorted { rank($0) < rank($1) }
    }

    /// The address as which mail leaves (cleanup(8)): the mappings until none changes it, then the masquerade.
    ///
    /// - Parameters:
    ///   - domain: In lower case and ASCII.
    /// - Returns: `nil` where the mappings go in a circle.
    package func leaving(localPart: String, domain: String) -> (localPart: String, domain: String)? {
        var (name, place) = (localPart, domain)
        let ordered = ordered
        var steps = 0
        while let to = ordered.first(where: { $0.fits(name, place) })?.to,
            to.localPart != name || "\(to.domain)" != place
        {
            steps += 1
            guard steps <= ordered.count else { return nil }
            (name, place) = (to.localPart, "\(to.domain)")
        }
        // Postfix takes the first domain of the list that is a parent.
        if let hidden = masquerade.first(where: { place == "\($0)" || place.hasSuffix(".\($0)") }) {
            place = "\(hidden)"
        }
        return (name, place)
    }
}

/// An address, a domain or subdomains, and the address in their place.
package struct SenderMapping: Sendable, Hashable, TextCodable {
    package let from: SenderPattern
    package let to: MailAddress

    /// Parses `root@host.internal=ops@example.com`.
    package init(_ text: String) throws(InvalidValue) {
        let pair = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard pair.count == 2 else {
            throw InvalidValue(text, expected: "a sender and an address, such as .ec2.internal=ops@example.com")
        }
        self.from = try SenderPattern(String(pair[0]))
        self.to = try MailAddress(pair[1])
    }

    package var description: String { "\(from)=\(to)" }

    /// Without extensions: Postfix looks a whole address up in a table of patterns.
    fileprivate func fits(_ localPart: String, _ domain: String) -> Bool {
        if case .address(let address) = from {
            return localPart.lowercased() == address.localPart && domain == "\(address.domain)"
        }
        return from.contains(localPart: localPart, domain: domain)
    }
}
