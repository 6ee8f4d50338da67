import Host

/// The look-ups that one evaluation may make, its included records among them (RFC 7208, section 4.6.4).
struct SPFLimits: Sendable {
    /// The names that an `mx` term may lead to, and those of an address that are tried.
    static let names = 10
    /// The time that receivers grant at least.
    static let time = Duration.seconds(20)

    private static let terms = 10
    private static let voids = 2

    private var terms = 0
    private var voids = 0

    /// Counts a term that needs look-ups.
    mutating func count(_ place: SPFPlace) throws(SPFFailure) {
        terms += 1
        guard terms <= Self.terms else { throw .permanent(.tooManyLookUps(place)) }
    }

    /// Counts a look-up that found nothing.
    mutating func countVoid(_ place: SPFPlace, _ name: String, _ kind: DNSRecord.Kind) throws(SPFFailure) {
        voids += 1
        guard voids <= Self.voids else { throw .permanent(.tooManyVoidLookUps(place, name: name, kind)) }
    }
}
