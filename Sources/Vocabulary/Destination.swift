/// A receiving domain, and how its mail goes out, as `[[mail.destination]]` has it.
package struct Destination: Sendable, Hashable, CustomStringConvertible {
    /// The pace of this node's mail to the domain.
    package enum Pace: Sendable, Hashable {
        /// The largest number of connections at the same time.
        case concurrency(Int)
        case rate(MessageRate)
    }

    package let domain: DomainName
    package let pace: Pace?
    /// `nil` where `mail.tls.outbound_level` counts.
    package let tls: TLSLevel?

    /// Parses `example.com=concurrency:5;tls:encrypt`, or `rate:30/m` in place of the concurrency.
    package init(_ text: some StringProtocol) throws(InvalidValue) {
        let pair = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard pair.count == 2 else { throw Self.wrong(text) }
        self.domain = try DomainName(pair[0])
        var (pace, tls): (Pace?, TLSLevel?) = (nil, nil)
        for part in pair[1].split(separator: ";", omittingEmptySubsequences: false) {
            let words = part.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard words.count == 2, tls == nil else { throw Self.wrong(text) }
            switch words[0] {
            case "tls": tls = try Self.level(words[1])
            case "rate" where pace == nil: pace = .rate(try MessageRate(words[1]))
            case "concurrency" where pace == nil: pace = .concurrency(try Self.concurrency(words[1]))
            default: throw Self.wrong(text)
            }
        }
        (self.pace, self.tls) = (pace, tls)
    }

    package var description: String {
        let parts = [
            pace.map { pace in
                switch pace {
                case .concurrency(let limit): "concurrency:\(limit)"
                case .rate(let rate): "rate:\(rate)"
                }
            }, tls.map { "tls:\($0.rawValue)" },
        ]
        return "\(domain)=\(parts.compactMap(\.self).joined(separator: ";"))"
    }

    /// As many as Postfix runs delivery programs for one transport (postconf(5), default_process_limit).
    package static let concurrencies = 1...100

    /// Each level but that of fingerprints, which are one server's.
    package static let levels = TLSLevel.allCases.filter { $0 != .fingerprint }

    private static func level(_ text: some StringProtocol) throws(InvalidValue) -> TLSLevel {
        guard let level = TLSLevel(rawValue: String(text)), levels.contains(level) else {
            let words = levels.map { "\"\($0.rawValue)\"" }
            throw InvalidValue(text, expected: "one of \(words.joined(separator: ", "))")
        }
        return level
    }

    private static func concurrency(_ text: some StringProtocol) throws(InvalidValue) -> Int {
        guard text.utf8.allSatisfy(\.isDigit), let limit = Int(text), concurrencies.contains(limit) else {
            let range = "from \(concurrencies.lowerBound) to \(concurrencies.upperBound)"
            throw InvalidValue(text, expected: "a number of connections \(range)")
        }
        return limit
    }

    private static func wrong(_ text: some StringProtocol) -> InvalidValue {
        InvalidValue(
            text,
            expected: """
                a domain with a concurrency or a rate, or a TLS level, or both, such as example.com=rate:30/m;tls:encrypt
                """
        )
    }
}

/// A number of messages in a second, minute, hour or day: `30/m`.
package struct MessageRate: Sendable, Hashable, CustomStringConvertible {
    package let description: String
    /// The seconds between two messages. They are whole ones, as Postfix has them, so the rate is never above the one that
    /// was asked for.
    package let pause: Int

    package init(_ text: some StringProtocol) throws(InvalidValue) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].utf8.allSatisfy(\.isDigit), let count = Int(parts[0]), count > 0,
            let seconds = Self.units.first(where: { $0.name == parts[1] })?.seconds, count <= seconds
        else {
            throw InvalidValue(
                text,
                expected: """
                    messages in a second, minute, hour or day, such as 1/s, 30/m, 600/h or 5000/d, and at most one a second
                    """
            )
        }
        self.description = "\(count)/\(parts[1])"
        self.pause = (seconds + count - 1) / count
    }

    /// The units, with their seconds.
    package static let units = [
        (name: "s", seconds: 1), (name: "m", seconds: 60), (name: "h", seconds: 3600), (name: "d", seconds: 86400),
    ]
}
