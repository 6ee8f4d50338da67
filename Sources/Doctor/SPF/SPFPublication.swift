import Host
import Vocabulary

/// A record of SPF as an operator has to publish it.
struct SPFPublication: Sendable {
    let domain: DomainName
    let text: String

    init(domain: DomainName, text: String) {
        self.domain = domain
        self.text = text
    }

    /// One record of several: the terms of all, and one end.
    ///
    /// - Returns: `nil` where one of them can't be understood, or leads to another domain.
    init?(domain: DomainName, merging texts: [String]) {
        var terms: [String] = []
        for text in texts {
            guard let record = try? SPFRecord(text), record.redirect == nil else { return nil }
            for directive in record.directives.prefix(while: { $0.mechanism != .all })
            where !terms.contains(directive.text) {
                terms.append(directive.text)
            }
        }
        self.init(domain: domain, text: ([SPFRecord.version] + terms + ["~all"]).joined(separator: " "))
    }

    /// The mechanism that names an address.
    static func term(_ address: IPAddress) -> String { "ip\(address.family == .ipv4 ? 4 : 6):\(address)" }

    /// The same record, with these addresses first: there they cost no look-up, and no term before them matches.
    func adding(_ addresses: [IPAddress]) -> SPFPublication {
        let words = text.split(separator: " ").map(String.init)
        let terms = words.prefix(1) + addresses.map(Self.term) + words.dropFirst()
        return SPFPublication(domain: domain, text: terms.joined(separator: " "))
    }

    /// The same record, without the term that lets everybody send, and with these addresses.
    ///
    /// - Returns: `nil` where the record has no such term itself.
    func closed(naming addresses: [IPAddress]) -> SPFPublication? {
        let words = text.split(separator: " ").map(String.init)
        guard words.contains(where: Self.isOpenEnd) else { return nil }
        let missing = addresses.filter { !words.contains(Self.term($0)) }
        let record = SPFPublication(
            domain: domain,
            text: words.map { Self.isOpenEnd($0) ? "~all" : $0 }.joined(separator: " ")
        )
        return record.adding(missing)
    }

    private static func isOpenEnd(_ word: String) -> Bool { ["all", "+all"].contains(word.lowercased()) }

    /// A note about terms that receivers pass over; empty where there are none.
    var misspelling: String {
        guard let terms = try? SPFRecord(text).misspelt, !terms.isEmpty else { return "" }
        return "; receivers pass over \(terms.map { "'\($0)'" }.list), as '=' stands there in place of ':'"
    }

    /// The record for an eye.
    var shown: String { text.escapedForDisplay }

    /// The record to publish, in words.
    var order: String {
        let isLong = text.utf8.count > RecordToPublish.longestString
        return "a TXT record of \(domain): \(isLong ? RecordToPublish.quotedStrings(of: text) : shown)"
    }

    /// The record to publish.
    ///
    /// - Parameter isFirst: Whether the domain has no such record yet.
    func record(isFirst: Bool = false) -> RecordToPublish {
        RecordToPublish("\(domain)", .txt, text, inPlaceOf: isFirst ? nil : "all SPF records of \(domain)")
    }
}
