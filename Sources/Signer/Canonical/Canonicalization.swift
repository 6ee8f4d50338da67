/// The two ways of RFC 6376, section 3.4, in which a part of a message is brought into the form that is hashed.
package enum Canonicalization: String, Sendable, CaseIterable {
    /// Leaves everything as it is, except for empty lines at the body's end (sections 3.4.1 and 3.4.3).
    case simple
    /// Forgives changes of white space and of the case of header names (sections 3.4.2 and 3.4.4).
    case relaxed
}

extension UInt8 {
    static let carriageReturn: UInt8 = 0x0D
    static let lineFeed: UInt8 = 0x0A
    static let space: UInt8 = 0x20
    static let tab: UInt8 = 0x09
    static let colon: UInt8 = 0x3A
    static let semicolon: UInt8 = 0x3B

    /// Whether the byte is white space within a line (WSP of RFC 5234).
    var isBlank: Bool { self == .space || self == .tab }

    /// Whether the byte is folding white space (FWS of RFC 6376, section 2.8).
    var isFolding: Bool { isBlank || self == .carriageReturn || self == .lineFeed }

    var lowercased: UInt8 { (0x41...0x5A).contains(self) ? self | 0x20 : self }
}
