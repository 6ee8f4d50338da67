/// The keys of all domains.
package struct KeyTable: Sendable {
    private let keys: [String: [SigningKey]]

    package init(_ keys: [SigningKey]) {
        self.keys = Dictionary(grouping: keys, by: \.domain)
    }

    /// The keys that sign for an author's domain: all those of the domain itself or, if it has none, of the longest of its
    /// parent domains that has some. Several of them sign the same message: RSA beside Ed25519, or two selectors during a
    /// rotation.
    package func keys(for domain: String) -> [SigningKey] {
        var rest = domain.lowercased()[...]
        while true {
            if let found = keys[String(rest)] { return found }
            guard let dot = rest.firstIndex(of: ".") else { return [] }
            rest = rest[rest.index(after: dot)...]
        }
    }

    /// The keys for the authors of a message, each once, in the authors' order.
    package func keys(for authors: [Mailbox]) -> [SigningKey] {
        var seen = Set<String>()
        return authors.flatMap { keys(for: $0.domain) }.filter {
            seen.insert(PublicKeyRecord.name(selector: $0.selector, domain: $0.domain)).inserted
        }
    }
}
