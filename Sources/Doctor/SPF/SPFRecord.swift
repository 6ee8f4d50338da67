import Vocabulary

/// A domain's record of who may send for it (RFC 7208, section 4.5).
struct SPFRecord: Sendable {
    /// The terms that decide, in their order.
    let directives: [SPFDirective]
    /// The domain whose record decides where no directive does.
    let redirect: SPFModifier?
    /// The domain whose text explains a refusal.
    let explanation: SPFModifier?
    /// The terms that mean a mechanism, but have an equals sign in place of the colon. They are modifiers of no effect.
    let misspelt: [String]

    /// Whether a domain's text is a record of SPF's: its version stands alone, or before a space.
    static func isRecord(_ text: String) -> Bool {
        let start = text.utf8.prefix(version.utf8.count)
        guard String(decoding: start, as: UTF8.self).lowercased() == version else { return false }
        let next = text.utf8.dropFirst(version.utf8.count).first
        return next == nil || next == 0x20
    }

    static let version = "v=spf1"
}

/// A term that decides where its mechanism matches.
struct SPFDirective: Sendable {
    /// The term as it is written.
    let text: String
    let qualifier: SPFResult
    let mechanism: SPFMechanism
}

/// The tests that a term can make of the sending address (RFC 7208, section 5).
enum SPFMechanism: Sendable, Equatable {
    case all
    case include(SPFMacroString)
    /// An address of the name, or of the record's own domain where it has none.
    case address(SPFMacroString?, SPFPrefixLengths)
    /// An address of a host that takes the name's mail.
    case exchanger(SPFMacroString?, SPFPrefixLengths)
    /// A name of the sending address.
    case pointer(SPFMacroString?)
    case network(IPNetwork)
    case exists(SPFMacroString)
}

/// The length of the ranges around a name's addresses.
struct SPFPrefixLengths: Sendable, Equatable {
    var ipv4 = 32
    var ipv6 = 128

    func range(around address: IPAddress) -> IPNetwork {
        IPNetwork(around: address, prefixLength: address.family == .ipv4 ? ipv4 : ipv6)
    }
}

/// A term that names a further domain.
struct SPFModifier: Sendable {
    /// The term as it is written.
    let text: String
    let domain: SPFMacroString
}
