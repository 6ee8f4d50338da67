/// A key that signs the mail of a domain and its subdomains, as `[[mail.dkim]]` names it.
package struct DKIMKey: Sendable, Hashable, CustomStringConvertible {
    /// The domain of the authors' addresses, and of the tag `d`.
    package let domain: DomainName
    package let selector: DKIMSelector
    package let place: Upstream.Place

    package init(domain: DomainName, selector: DKIMSelector, place: Upstream.Place) {
        self.domain = domain
        self.selector = selector
        self.place = place
    }

    /// Parses `example.com=relay2026:/etc/smtp-relay-agent/dkim.pem` or `example.com=relay2026:ssm:/smtp-relay/dkim`.
    package init(_ text: some StringProtocol) throws(InvalidValue) {
        let pair = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let parts = pair.last?.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false) ?? []
        guard pair.count == 2, parts.count == 2 else {
            throw InvalidValue(
                text,
                expected: "a domain, a selector and a key, such as example.com=relay2026:/etc/smtp-relay-agent/dkim.pem"
            )
        }
        self.domain = try DomainName(pair[0])
        self.selector = try DKIMSelector(parts[0])
        if parts[1].hasPrefix(Self.parameterPrefix) {
            self.place = .parameter(try ParameterName(parts[1].dropFirst(Self.parameterPrefix.count)))
        } else {
            self.place = .file(try PlainPath(parts[1]))
        }
        guard "\(recordName)".utf8.count <= 253 else {
            throw InvalidValue(text, expected: "a selector and a domain that make a DNS name of at most 253 characters")
        }
    }

    /// The name of the key's TXT record.
    package var recordName: String { "\(selector)._domainkey.\(domain)" }

    package var description: String { "\(domain)=\(selector):\(place.dkimText)" }

    static let parameterPrefix = "ssm:"
}

/// The name of one of a domain's keys (RFC 6376, section 3.1), in lower case.
package struct DKIMSelector: Sendable, Hashable, CustomStringConvertible {
    package let description: String

    package init(_ text: some StringProtocol) throws(InvalidValue) {
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        guard text.utf8.count <= 200, labels.allSatisfy({ $0.isHyphenatedName(1...63) }) else {
            throw InvalidValue(text, expected: "a selector of letters, digits and inner hyphens, such as relay2026")
        }
        self.description = text.lowercased()
    }
}

extension Upstream.Place {
    /// The place as `DKIMKey` parses it.
    package var dkimText: String {
        switch self {
        case .file(let path): "\(path)"
        case .parameter(let name): "\(DKIMKey.parameterPrefix)\(name)"
        }
    }
}
