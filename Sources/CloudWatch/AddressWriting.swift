import Crypto
package import Vocabulary

/// Writes mail addresses in a form, so that only what the operator allows leaves the host.
package struct AddressWriting: Sendable {
    private let form: AddressForm

    package init(form: AddressForm) { self.form = form }

    /// The digits of a digest that are written: 128 bits, so that two addresses do not meet.
    private static let digits = 32

    /// An address. The empty one, which is the sender of bounces, stays empty.
    package func address(_ address: String) -> String {
        if address.isEmpty { return "" }
        let at = address.lastIndex(of: "@")
        let domain = at.map { address[$0...] } ?? ""
        switch form {
        case .whole: return address
        case .hashed: return Self.digest(of: address) + domain.lowercased()
        case .masked: return address.prefix(1) + "***" + domain
        }
    }

    /// A Message-ID, which is an address in angle brackets as a rule (RFC 5322, section 3.6.4).
    package func messageID(_ text: String) -> String {
        guard text.hasPrefix("<"), text.hasSuffix(">"), text.utf8.count > 2 else { return address(text) }
        return "<\(address(String(text.dropFirst().dropLast())))>"
    }

    /// A text that may quote addresses, such as a receiver's answer.
    ///
    /// - Parameter known: Addresses of the message: the text may quote their local parts alone, as `<anna>` or `"anna"`.
    func text(_ text: String, about known: [String?] = []) -> String {
        if form == .whole { return text }
        var result = ""
        var rest = text[...]
        while let found = QuotedAddress(in: rest) {
            result += rest[..<found.range.lowerBound] + address(String(rest[found.range]))
            rest = rest[found.range.upperBound...]
        }
        result += rest
        for local in Set(known.compactMap { $0.flatMap(Self.localPart) }) {
            for (open, close) in [("<", ">"), ("\"", "\""), ("'", "'")] {
                result.replace(open + local + close, with: open + address(local) + close)
            }
        }
        return result
    }

    private static func localPart(of address: String) -> String? {
        address.lastIndex(of: "@").map { String(address[..<$0]) }.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The digest of an address in small letters: `printf %s anna@example.com | sha256sum | cut -c1-32`.
    private static func digest(of address: String) -> String {
        let bytes = SHA256.hash(data: Array(address.lowercased().utf8))
        return String(bytes.lazy.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined().prefix(digits))
    }
}

/// An address that stands in a text.
private struct QuotedAddress {
    let range: Range<Substring.Index>

    /// The first address; `nil` where there is none.
    init?(in text: Substring) {
        let scalars = text.unicodeScalars
        var from = scalars.startIndex
        while let at = scalars[from...].firstIndex(of: "@") {
            from = scalars.index(after: at)
            let end = Self.end(ofDomainAt: from, scalars)
            let start = Self.start(ofLocalPartBefore: at, scalars)
            guard start < at, end > from else { continue }
            self.range = start..<end
            return
        }
        return nil
    }

    private static func start(
        ofLocalPartBefore at: Substring.Index,
        _ scalars: Substring.UnicodeScalarView
    ) -> Substring.Index {
        let before = scalars[..<at]
        // A quoted local part has blanks.
        if before.last == "\"", let open = before.dropLast().lastIndex(of: "\"") { return open }
        let start = before.lastIndex { !isOfLocalPart($0) }
        return start.map(scalars.index(after:)) ?? scalars.startIndex
    }

    private static func end(
        ofDomainAt start: Substring.Index,
        _ scalars: Substring.UnicodeScalarView
    ) -> Substring.Index {
        let rest = scalars[start...]
        // A domain may be an address of the internet (RFC 5321, section 4.1.3).
        if rest.first == "[", let close = rest.firstIndex(of: "]") { return scalars.index(after: close) }
        let domain = rest.prefix { isLetterOrDigit($0) || $0 == "-" || $0 == "." }
        // A sentence's point is no part of it.
        let end = domain.lastIndex { $0 != "." && $0 != "-" }
        return end.map(scalars.index(after:)) ?? start
    }

    private static func isLetterOrDigit(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value >= 0x80 || ("0"..."9").contains(scalar) || ("a"..."z").contains(scalar)
            || ("A"..."Z").contains(scalar)
    }

    /// RFC 5322, section 3.2.3. A quotation mark and an equals sign may stand before an address as well.
    private static func isOfLocalPart(_ scalar: Unicode.Scalar) -> Bool {
        isLetterOrDigit(scalar) || "!#$%&*+-/=?^_`{|}~.".unicodeScalars.contains(scalar)
    }
}
