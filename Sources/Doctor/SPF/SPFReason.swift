import Host
import Vocabulary

/// A term of a domain's record.
struct SPFPlace: Sendable, Equatable, CustomStringConvertible {
    let term: String
    let domain: String

    var description: String { "'\(term.escapedForDisplay)' in the record of \(domain.escapedForDisplay)" }
}

/// The way that an answer came about, or the place where it broke.
enum SPFReason: Sendable, Equatable {
    /// A term matched. Those before it led to its record, the first in the domain's own.
    case matched([SPFPlace])
    /// No term of the record matched, and none leads elsewhere.
    case nothingMatched(String)
    case noDomain(String)
    case noRecord(String)
    case severalRecords(String, count: Int)
    case syntax(SPFPlace, fault: String)
    case tooManyLookUps(SPFPlace)
    case tooManyVoidLookUps(SPFPlace, name: String, DNSRecord.Kind)
    case tooManyExchangers(SPFPlace, count: Int)
    /// A term leads to a domain without a record.
    case leadsNowhere(SPFPlace, name: String)
    case lookUpFailed(String, DNSRecord.Kind, DNSFailure)
    case tookTooLong(Duration)
}

extension SPFReason: CustomStringConvertible {
    var description: String {
        switch self {
        case .matched(let places):
            switch places.last {
            case .none: "a term matches"
            case .some(let last) where places.count == 1: "\(last) matches"
            case .some(let last): "\(last) matches, by way of \(places.dropLast().map(\.description).list)"
            }
        case .nothingMatched(let domain): "no term of the record of \(domain.escapedForDisplay) matches"
        case .noDomain(let name): "'\(name.escapedForDisplay)' is no domain that can have a record"
        case .noRecord(let domain): "\(domain.escapedForDisplay) has no SPF record"
        case .severalRecords(let domain, let count): "\(domain.escapedForDisplay) has \(count) SPF records"
        case .syntax(let place, let fault): "\(place) can't be understood: \(fault.escapedForDisplay)"
        case .tooManyLookUps(let place): "more than ten look-ups: the 11th is \(place)"
        case .tooManyVoidLookUps(let place, let name, let kind):
            """
            more than two look-ups find nothing: the third is of \(place), as \(name.escapedForDisplay) has no \(kind) \
            record
            """
        case .tooManyExchangers(let place, let count):
            "\(place) leads to \(count) MX records, and receivers take ten at most"
        case .leadsNowhere(let place, let name):
            "\(place) leads to \(name.escapedForDisplay), which has no SPF record"
        case .lookUpFailed(let name, let kind, let failure):
            "the \(kind) record of \(name.escapedForDisplay) can't be looked up: \(failure)"
        case .tookTooLong(let limit): "its look-ups did not end within \(limit)"
        }
    }

    /// The change of the records that mends it; `nil` where none does.
    var cure: String? {
        switch self {
        case .matched, .nothingMatched, .noDomain, .noRecord: nil
        case .severalRecords(let domain, _): "make the SPF records of \(domain.escapedForDisplay) one"
        case .syntax(let place, _): "correct \(place)"
        case .tooManyLookUps:
            """
            remove terms that are not needed any more, or put ip4: and ip6: in place of include:, a, mx, ptr, exists: and \
            redirect=, until ten such terms are left, those of included records among them
            """
        case .tooManyVoidLookUps(let place, let name, let kind):
            "give \(name.escapedForDisplay) a \(kind) record, or remove \(place)"
        case .tooManyExchangers(let place, _): "name the addresses with ip4: and ip6: in place of \(place)"
        case .leadsNowhere(let place, let name):
            "remove \(place), or publish an SPF record of \(name.escapedForDisplay)"
        case .lookUpFailed(let name, let kind, _):
            "mend the name servers of \(name.escapedForDisplay), which should answer for its \(kind) record"
        case .tookTooLong: "remove terms that need look-ups, or mend the name servers that answer slowly"
        }
    }
}

/// An evaluation that broke.
struct SPFFailure: Error, Sendable {
    /// Whether a later try may succeed.
    let isTemporary: Bool
    let reason: SPFReason

    static func permanent(_ reason: SPFReason) -> SPFFailure { SPFFailure(isTemporary: false, reason: reason) }

    static func temporary(_ reason: SPFReason) -> SPFFailure { SPFFailure(isTemporary: true, reason: reason) }
}

extension [String] {
    /// `a`, `a and b`, or `a, b and c`.
    var list: String {
        count < 2 ? joined() : "\(dropLast().joined(separator: ", ")) and \(self[count - 1])"
    }
}
