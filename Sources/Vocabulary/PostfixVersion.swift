/// A version of Postfix, where it decides what Postfix can do.
package struct PostfixVersion: Sendable, Comparable, CustomStringConvertible {
    private let numbers: [Int]
    package let description: String

    /// - Parameter text: Such as `3.5.18` or `3.11-20251101`.
    package init(_ text: String) {
        self.description = text
        self.numbers = text.split { $0 == "." || $0 == "-" }.prefix(2).map { Int($0) ?? 0 }
    }

    package static func < (left: PostfixVersion, right: PostfixVersion) -> Bool {
        left.numbers.lexicographicallyPrecedes(right.numbers)
    }

    package static func == (left: PostfixVersion, right: PostfixVersion) -> Bool { left.numbers == right.numbers }
}

extension PostfixVersion {
    /// The first that reads tables of the type `texthash` (DATABASE_README).
    package static let readingTextHash = PostfixVersion("2.8")
    /// The first with smtp_address_preference (its RELEASE_NOTES-2.8).
    package static let preferringFamily = PostfixVersion("2.8")
    /// The first version whose postconf(1) shows its reading of master.cf.
    package static let listingServices = PostfixVersion("2.9")
    /// The first with smtpd_relay_restrictions, and with the PROXY protocol (its RELEASE_NOTES-2.10).
    package static let havingRelayRestrictions = PostfixVersion("2.10")
    /// The first with settings of its own for each milter (its RELEASE_NOTES-3.0).
    package static let havingMilterOptions = PostfixVersion("3.0")
    /// The first of those known here whose `proxy_read_maps` names smtpd's restrictions.
    package static let proxyingRestrictions = PostfixVersion("3.5")
    /// The first that reads version 2 of the PROXY protocol (its RELEASE_NOTES-3.5).
    package static let readingProxyVersion2 = PostfixVersion("3.5")
}
