/// An entry of `mail.senders`: addresses that mail may come from.
///
/// It is written as Postfix writes keys of access(5): `example.com` is a domain without its subdomains, `.example.com` all
/// of its subdomains, and `billing@example.org` one address.
package enum SenderPattern: Sendable, Hashable, TextCodable {
    case domain(DomainName)
    case subdomains(of: DomainName)
    case address(MailAddress)

    package init(_ text: String) throws(InvalidValue) {
        do throws(InvalidValue) {
            if text.contains("@") {
                self = .address(try MailAddress(text))
            } else if text.hasPrefix(".") {
                self = .subdomains(of: try DomainName(text.dropFirst()))
            } else {
                self = .domain(try DomainName(text))
            }
        } catch {
            throw InvalidValue(
                text,
                expected: "a domain (example.com), its subdomains (.example.com) or an address (billing@example.org)"
            )
        }
    }

    /// Whether it has an address, in any case. An extension (`billing+june@example.org`) counts as its address.
    ///
    /// - Parameter domain: In lower case and ASCII.
    package func contains(localPart: String, domain: String) -> Bool {
        switch self {
        case .domain(let own): return domain == own.description
        case .subdomains(let parent): return domain.hasSuffix(".\(parent)")
        case .address(let address):
            let name = localPart.lowercased()
            return domain == "\(address.domain)"
                && (name == address.localPart || name.hasPrefix("\(address.localPart)+"))
        }
    }

    package var description: String {
        switch self {
        case .domain(let domain): "\(domain)"
        case .subdomains(let domain): ".\(domain)"
        case .address(let address): "\(address)"
        }
    }
}

/// An address of plain characters, in lower case. It is safe to stand in a table of Postfix.
package struct MailAddress: Sendable, Hashable, CustomStringConvertible {
    package let localPart: String
    package let domain: DomainName

    package init(_ text: some StringProtocol) throws(InvalidValue) {
        let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, (1...64).contains(parts[0].utf8.count),
            parts[0].utf8.allSatisfy({ $0.isLetterDigitOrHyphen || "._+".utf8.contains($0) })
        else { throw InvalidValue(text, expected: "an address of letters, digits and '._+-', such as a@example.com") }
        self.localPart = parts[0].lowercased()
        self.domain = try DomainName(parts[1])
    }

    package var description: String { "\(localPart)@\(domain)" }
}
