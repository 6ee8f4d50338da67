/// A domain's policy for mail in its name (RFC 7489, section 6.3, and its successor draft-ietf-dmarc-dmarcbis-41,
/// section 4.7).
struct DMARCRecord: Sendable, Equatable {
    enum Policy: String, Sendable {
        case none, quarantine, reject
    }

    /// The likeness that two domains need.
    enum Alignment: String, Sendable {
        /// Both belong to one organization.
        case relaxed = "r"
        case strict = "s"
    }

    /// Whether others register names below the domain, as they do below `com`.
    enum PublicSuffix: String, Sendable {
        case yes = "y"
        case no = "n"
        case unknown = "u"
    }

    let policy: Policy
    /// The policy for names below the domain.
    let subdomainPolicy: Policy
    /// The policy for names below the domain that do not exist.
    let missingPolicy: Policy
    let dkim: Alignment
    let spf: Alignment
    let publicSuffix: PublicSuffix
    /// Whether receivers are asked to apply a weaker policy than the record names.
    let isTest: Bool
    /// The addresses that reports go to.
    let reports: [String]

    /// Whether a domain's text is a record of DMARC's: it begins with the version, which has a case.
    static func isRecord(_ text: String) -> Bool {
        guard let first = text.split(separator: ";", omittingEmptySubsequences: false).first, let tag = Tag(first)
        else {
            return false
        }
        return tag.name == "v" && tag.value == "DMARC1"
    }

    /// Reads a record. Tags that are unknown or have a wrong value count as missing.
    ///
    /// - Returns: `nil` for a text that is no record, or one without a policy that can be understood.
    init?(_ text: String) {
        guard Self.isRecord(text) else { return nil }
        let tags = text.split(separator: ";").dropFirst().compactMap(Tag.init)
        func value(_ name: String) -> String? { tags.first { $0.name == name }?.value }
        reports = (value("rua") ?? "").split(separator: ",").map(\.trimmed).filter { $0.contains(":") }
        // A domain that wants reports has a record, though its policy is wrong (RFC 7489, section 6.6.3).
        guard let policy = value("p").flatMap(Policy.init(word:)) ?? (reports.isEmpty ? nil : Policy.none) else {
            return nil
        }
        self.policy = policy
        subdomainPolicy = value("sp").flatMap(Policy.init(word:)) ?? policy
        missingPolicy = value("np").flatMap(Policy.init(word:)) ?? subdomainPolicy
        dkim = value("adkim").flatMap { Alignment(rawValue: $0.lowercased()) } ?? .relaxed
        spf = value("aspf").flatMap { Alignment(rawValue: $0.lowercased()) } ?? .relaxed
        publicSuffix = value("psd").flatMap { PublicSuffix(rawValue: $0.lowercased()) } ?? .unknown
        isTest = value("t")?.lowercased() == "y" || value("pct") == "0"
    }

    /// `name=value`, with spaces around each.
    private struct Tag {
        let name: String
        let value: String

        init?(_ text: Substring) {
            guard let equal = text.firstIndex(of: "=") else { return nil }
            name = text[..<equal].trimmed.lowercased()
            value = text[text.index(after: equal)...].trimmed
        }
    }
}

extension DMARCRecord.Policy {
    fileprivate init?(word: String) { self.init(rawValue: word.lowercased()) }
}

extension Substring {
    fileprivate var trimmed: String {
        let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        let end = lastIndex { !isSpace($0) }.map { index(after: $0) } ?? startIndex
        return String(self[..<end].drop(while: isSpace))
    }
}
