import FoundationEssentials

/// A key with the domain and the selector by which receivers find its public half.
package struct SigningKey: Sendable {
    /// In lower case and ASCII.
    package let domain: String
    package let selector: String
    package let key: PrivateKey

    /// - Throws: `KeyFailure` for a domain or selector that is no DNS name.
    package init(domain: String, selector: String, key: PrivateKey) throws(KeyFailure) {
        guard let ascii = InternationalDomain.ascii(domain), ascii.contains("."), ascii.isDNSName else {
            throw .domain(domain)
        }
        guard selector.isDNSName, selector.utf8.count + ascii.utf8.count + "._domainkey.".utf8.count <= 253 else {
            throw .selector(selector)
        }
        self.domain = ascii
        self.selector = selector.lowercased()
        self.key = key
    }

    /// The record that its public half needs in DNS.
    package var record: PublicKeyRecord {
        PublicKeyRecord(
            name: PublicKeyRecord.name(selector: selector, domain: domain),
            value: "v=DKIM1; k=\(key.algorithm.keyType); p=\(Data(key.publicKeyBytes).base64EncodedString())"
        )
    }
}

extension String {
    /// Whether it is made of labels of letters, digits, inner hyphens and inner underscores.
    fileprivate var isDNSName: Bool {
        split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            (1...63).contains(label.utf8.count) && !label.hasPrefix("-") && !label.hasSuffix("-")
                && label.utf8.allSatisfy {
                    switch $0 {
                    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x5F: true
                    default: false
                    }
                }
        }
    }
}
