import Vocabulary

/// An SPF record (RFC 7208), as far as it can be judged without further questions.
struct SPFRecord {
    enum Result: Equatable {
        case pass, fail, softFail, neutral
        /// A mechanism decides that needs questions of its own, such as `include`.
        case unknown
    }

    private struct Term {
        let qualifier: Result
        /// The text in lower case, without the qualifier.
        let text: Substring
    }

    private let terms: [Term]

    /// - Parameter text: It begins with the version.
    init(_ text: String) {
        let qualifiers: [Character: Result] = ["+": .pass, "-": .fail, "~": .softFail, "?": .neutral]
        self.terms = text.lowercased().split(separator: " ").dropFirst().map { word in
            guard let first = word.first, let qualifier = qualifiers[first] else {
                return Term(qualifier: .pass, text: word)
            }
            return Term(qualifier: qualifier, text: word.dropFirst())
        }
    }

    /// Whether an address that no other mechanism names may send.
    var allowsEverybody: Bool { terms.first { $0.text == "all" }?.qualifier == .pass }

    /// The first mechanism that matches decides (RFC 7208, section 4.6.2); where none does, the result is neutral.
    func result(for address: IPAddress) -> Result {
        for term in terms {
            if term.text == "all" { return term.qualifier }
            if term.text.hasPrefix("exp=") { continue }
            guard term.text.hasPrefix("ip4:") || term.text.hasPrefix("ip6:"),
                let network = Self.network(term.text.dropFirst(4))
            else { return .unknown }
            if network.contains(address) { return term.qualifier }
        }
        return .neutral
    }

    /// A range, whose host bits need not be zero.
    private static func network(_ text: Substring) -> IPNetwork? {
        let parts = text.split(separator: "/", maxSplits: 1)
        guard let first = parts.first, let address = try? IPAddress(first) else { return nil }
        guard parts.count == 2 else { return IPNetwork(around: address, prefixLength: address.family.bits) }
        guard let length = Int(parts[1]), (0...address.family.bits).contains(length) else { return nil }
        return IPNetwork(around: address, prefixLength: length)
    }
}
