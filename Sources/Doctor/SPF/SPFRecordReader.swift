import Vocabulary

/// A fault of a part of a record.
struct SPFFault: Error, Sendable, Equatable {
    let text: String

    init(_ text: String) { self.text = text }
}

/// A term that can't be understood. The whole record is void then, wherever the term stands (RFC 7208, section 4.6).
struct SPFSyntaxError: Error, Sendable, Equatable {
    let term: String
    let fault: String
}

extension SPFRecord {
    /// Reads a record (RFC 7208, section 12).
    ///
    /// - Parameter text: It begins with the version.
    init(_ text: String) throws(SPFSyntaxError) {
        var directives: [SPFDirective] = []
        var redirect: SPFModifier?
        var explanation: SPFModifier?
        var misspelt: [String] = []
        // Only spaces stand between terms. Text is split by bytes, as one character of Swift's may be of several bytes.
        for bytes in text.utf8.dropFirst(Self.version.utf8.count).split(separator: 0x20) {
            let term = String(decoding: bytes, as: UTF8.self)
            do throws(SPFFault) {
                guard bytes.allSatisfy({ (0x21...0x7E).contains($0) }) else {
                    throw SPFFault("it has a character that is not visible ASCII")
                }
                guard let (name, value) = Self.modifier(term) else {
                    directives.append(try SPFDirective(term))
                    continue
                }
                switch name {
                case "redirect":
                    guard redirect == nil else { throw SPFFault("the record has 'redirect=' twice") }
                    redirect = SPFModifier(text: term, domain: try SPFMacroString(domain: value))
                case "exp":
                    guard explanation == nil else { throw SPFFault("the record has 'exp=' twice") }
                    explanation = SPFModifier(text: term, domain: try SPFMacroString(domain: value))
                default:
                    // A modifier of a later standard changes nothing.
                    _ = try SPFMacroString(value, in: .term)
                    if SPFMechanism.names.contains(name) { misspelt.append(term) }
                }
            } catch {
                throw SPFSyntaxError(term: term, fault: error.text)
            }
        }
        self.directives = directives
        self.redirect = redirect
        self.explanation = explanation
        self.misspelt = misspelt
    }

    /// The lower-case name and the value of `name=value`.
    private static func modifier(_ term: String) -> (name: String, value: Substring)? {
        let name = term.prefix(while: \.isOfSPFName)
        guard name.first?.isLetter == true, term[name.endIndex...].hasPrefix("=") else { return nil }
        return (name.lowercased(), term[name.endIndex...].dropFirst())
    }
}

extension SPFDirective {
    init(_ term: String) throws(SPFFault) {
        let qualifiers: [Character: SPFResult] = ["+": .pass, "-": .fail, "~": .softfail, "?": .neutral]
        let qualifier = term.first.flatMap { qualifiers[$0] }
        self.text = term
        self.qualifier = qualifier ?? .pass
        self.mechanism = try SPFMechanism(term.dropFirst(qualifier == nil ? 0 : 1))
    }
}

extension SPFMechanism {
    static let names: Set<String> = ["all", "include", "a", "mx", "ptr", "ip4", "ip6", "exists"]

    init(_ text: Substring) throws(SPFFault) {
        let name = text.prefix(while: \.isOfSPFName)
        let rest = text[name.endIndex...]
        switch name.lowercased() {
        case "all":
            guard rest.isEmpty else { throw SPFFault("'all' takes nothing after it") }
            self = .all
        case "include": self = .include(try SPFMacroString(domain: try Self.value(rest)))
        case "exists": self = .exists(try SPFMacroString(domain: try Self.value(rest)))
        case "a":
            let (domain, lengths) = try Self.domainAndLengths(rest)
            self = .address(domain, lengths)
        case "mx":
            let (domain, lengths) = try Self.domainAndLengths(rest)
            self = .exchanger(domain, lengths)
        case "ptr": self = .pointer(rest.isEmpty ? nil : try SPFMacroString(domain: try Self.value(rest)))
        case "ip4": self = .network(try Self.network(try Self.value(rest), .ipv4))
        case "ip6": self = .network(try Self.network(try Self.value(rest), .ipv6))
        default: throw SPFFault("there is no such mechanism")
        }
    }

    /// The text after the colon.
    private static func value(_ text: Substring) throws(SPFFault) -> Substring {
        guard text.hasPrefix(":") else {
            throw SPFFault(text.isEmpty ? "it needs a value after a colon" : "'\(text)' can't follow its name")
        }
        return text.dropFirst()
    }

    /// `:domain/24//64`, of which each part may be missing.
    private static func domainAndLengths(
        _ text: Substring
    ) throws(SPFFault) -> (domain: SPFMacroString?, lengths: SPFPrefixLengths) {
        var (rest, lengths) = (text, SPFPrefixLengths())
        // A name may have slashes of its own; a length is digits at the very end.
        if let (before, digits) = cutLength(rest, after: "//") {
            lengths.ipv6 = try length(digits, .ipv6)
            rest = before
        }
        if let (before, digits) = cutLength(rest, after: "/") {
            lengths.ipv4 = try length(digits, .ipv4)
            rest = before
        }
        guard !rest.isEmpty else { return (nil, lengths) }
        let name = try value(rest)
        if (try? IPAddress(name))?.family == .ipv4 {
            throw SPFFault("'\(name)' is an address, not a name; write 'ip4:\(name)'")
        }
        return (try SPFMacroString(domain: name), lengths)
    }

    private static func cutLength(_ text: Substring, after mark: String) -> (before: Substring, digits: Substring)? {
        let digits = text.suffix(while: { "0123456789".contains($0) })
        let before = text[..<digits.startIndex]
        return digits.isEmpty || !before.hasSuffix(mark) ? nil : (before.dropLast(mark.count), digits)
    }

    private static func length(_ digits: Substring, _ family: IPAddress.Family) throws(SPFFault) -> Int {
        guard digits == "0" || !digits.hasPrefix("0"), digits.allSatisfy({ "0123456789".contains($0) }),
            let length = Int(digits), length <= family.bits
        else { throw SPFFault("'/\(digits)' is not the length of a prefix of \(family.bits) bits at most") }
        return length
    }

    /// A range, whose host bits need not be zero.
    private static func network(_ text: Substring, _ family: IPAddress.Family) throws(SPFFault) -> IPNetwork {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let version = family == .ipv4 ? "IPv4" : "IPv6"
        guard let first = parts.first, let address = try? IPAddress(first), address.family == family else {
            throw SPFFault("'\(parts.first ?? "")' is not an \(version) address")
        }
        let length = parts.count == 2 ? try length(parts[1], family) : family.bits
        return IPNetwork(around: address, prefixLength: length)
    }
}

extension Character {
    /// Whether the names of mechanisms and modifiers may have it.
    fileprivate var isOfSPFName: Bool { isASCII && (isLetter || isNumber || "-_.".contains(self)) }
}

extension Substring {
    /// The longest end of characters that all fit.
    fileprivate func suffix(while fits: (Character) -> Bool) -> Substring {
        self[(lastIndex { !fits($0) }.map { index(after: $0) } ?? startIndex)...]
    }
}
