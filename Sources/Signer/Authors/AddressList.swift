/// The addresses of a `From` field (RFC 5322, section 3.4, with the obsolete forms of section 4.4).
package enum AddressList {
    /// - Parameter takesNames: Whether an address that stands as a display name without quotes is an author as well
    ///   (`a@example.org <b@example.com>`): some readers show it, or go by it.
    /// - Returns: The addresses in their order, those of groups too. `nil` where the field can be read in more than one
    ///   way or not at all: a filter and a reader may then see different authors.
    package static func mailboxes(in value: [UInt8], takesNames: Bool = false) -> [Mailbox]? {
        guard let tokens = AddressToken.tokens(of: value) else { return nil }
        var mailboxes: [Mailbox] = []
        var entry: [AddressToken] = []
        var isInAngles = false
        var isInGroup = false

        func finishEntry() -> Bool {
            defer { entry = [] }
            // A name alone ('root', or a display name that an unquoted comma cut off) has no domain to speak for.
            if !entry.contains(.special(UInt8(ascii: "@"))) { return true }
            guard let mailbox = mailbox(entry) else { return false }
            let name = entry.prefix { $0 != .special(UInt8(ascii: "<")) }
            if takesNames, name.count < entry.count, name.contains(.special(UInt8(ascii: "@"))) {
                guard let named = address(name) else { return false }
                mailboxes.append(named)
            }
            mailboxes.append(mailbox)
            return true
        }

        for token in tokens {
            switch token {
            case .special(UInt8(ascii: "<")):
                guard !isInAngles else { return nil }
                isInAngles = true
                entry.append(token)
            case .special(UInt8(ascii: ">")):
                guard isInAngles else { return nil }
                isInAngles = false
                entry.append(token)
            case .special(UInt8(ascii: ",")) where !isInAngles:
                guard finishEntry() else { return nil }
            case .special(UInt8(ascii: ":")) where !isInAngles:
                // The name of a group is a phrase: it has no address in it.
                guard !isInGroup, !entry.isEmpty, !entry.contains(.special(UInt8(ascii: "@"))),
                    !entry.contains(.special(UInt8(ascii: "<")))
                else { return nil }
                isInGroup = true
                entry = []
            case .special(UInt8(ascii: ";")) where !isInAngles:
                guard isInGroup, finishEntry() else { return nil }
                isInGroup = false
            default: entry.append(token)
            }
        }
        guard !isInAngles, !isInGroup, finishEntry() else { return nil }
        return mailboxes
    }

    /// One address, with or without a display name.
    private static func mailbox(_ entry: [AddressToken]) -> Mailbox? {
        guard let opening = entry.firstIndex(of: .special(UInt8(ascii: "<"))) else { return address(entry[...]) }
        // Only comments may follow the angle, and those are gone already.
        guard entry.last == .special(UInt8(ascii: ">")),
            entry.firstIndex(of: .special(UInt8(ascii: ">"))) == entry.count - 1
        else { return nil }
        return address(withoutRoute(entry[(opening + 1)..<(entry.count - 1)]))
    }

    /// A route of RFC 822 (`<@a,@b:c@d>`) is left out.
    private static func withoutRoute(_ tokens: ArraySlice<AddressToken>) -> ArraySlice<AddressToken> {
        guard tokens.first == .special(UInt8(ascii: "@")), let end = tokens.firstIndex(of: .special(.colon)) else {
            return tokens
        }
        return tokens[(end + 1)...]
    }

    private static func address(_ tokens: ArraySlice<AddressToken>) -> Mailbox? {
        let at = AddressToken.special(UInt8(ascii: "@"))
        guard let place = tokens.firstIndex(of: at), tokens.lastIndex(of: at) == place,
            let local = localPart(tokens[..<place]), let domain = domain(tokens[(place + 1)...])
        else { return nil }
        return Mailbox(localPart: local, domain: domain)
    }

    private static func domain(_ tokens: ArraySlice<AddressToken>) -> String? {
        if tokens.count == 1, case .literal(let literal)? = tokens.first {
            return String(decoding: literal, as: UTF8.self)
        }
        let hasQuotes = tokens.contains { if case .quoted = $0 { true } else { false } }
        return hasQuotes ? nil : joined(tokens).flatMap(InternationalDomain.ascii)
    }

    /// Words with dots between them. More dots than allowed are common in local parts, and name no other domain.
    private static func localPart(_ tokens: ArraySlice<AddressToken>) -> String? {
        tokens.isEmpty ? nil : joined(tokens)
    }

    /// - Returns: `nil` where two words have no dot between them, or another delimiter stands.
    private static func joined(_ tokens: ArraySlice<AddressToken>) -> String? {
        var bytes: [UInt8] = []
        var isAfterWord = false
        for token in tokens {
            switch token {
            case .atom(let word) where !isAfterWord, .quoted(let word) where !isAfterWord:
                bytes += word
                isAfterWord = true
            case .special(UInt8(ascii: ".")):
                bytes.append(UInt8(ascii: "."))
                isAfterWord = false
            default: return nil
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
