/// The answer to whether an address may send for a domain (RFC 7208, section 2.6).
enum SPFResult: String, Sendable {
    /// There is no record to go by.
    case none
    /// The domain does not say.
    case neutral
    case pass
    case fail
    case softfail
    /// A look-up failed; a later one may not.
    case temperror
    /// The domain's records can't be understood.
    case permerror
}

/// The answer, and how it came about.
struct SPFOutcome: Sendable, Equatable {
    let result: SPFResult
    let reason: SPFReason
    /// The text that the domain has for a sender whose mail is refused (RFC 7208, section 6.2).
    var explanation: String?
}
