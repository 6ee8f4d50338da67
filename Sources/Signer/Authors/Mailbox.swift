/// An address of a header: RFC 5322's addr-spec.
package struct Mailbox: Sendable, Hashable {
    /// Without quotes and escapes.
    package let localPart: String
    /// In lower case and ASCII: an internationalized domain in its form `xn--`. A domain literal keeps its brackets.
    package let domain: String

    package init(localPart: String, domain: String) {
        self.localPart = localPart
        self.domain = domain
    }
}

extension Mailbox {
    /// The address of an envelope (RFC 5321, section 4.1.2), without its angle brackets.
    ///
    /// - Returns: `nil` where there is no domain, or none that DNS could know.
    package init?(envelope text: String) {
        guard let at = text.lastIndex(of: "@") else { return nil }
        let domain = text[text.index(after: at)...]
        var local = String(text[..<at])
        if local.count >= 2, local.hasPrefix("\""), local.hasSuffix("\"") {
            var content = ""
            var isEscaped = false
            for character in local.dropFirst().dropLast() {
                if character == "\\", !isEscaped {
                    isEscaped = true
                } else {
                    content.append(character)
                    isEscaped = false
                }
            }
            local = content
        }
        let plain = domain.hasSuffix(".") ? domain.dropLast() : domain
        guard !local.isEmpty, let ascii = InternationalDomain.ascii(String(plain)) else { return nil }
        self.init(localPart: local, domain: ascii)
    }
}
