import Vocabulary

/// The hosts that are reached without a proxy: `NO_PROXY`, in the forms that curl and Go's `httpproxy` take.
///
/// An entry counts where one of them takes it: `*`, a name with all below it (also `.name` and `*.name`), an address, or a
/// range; a name and an address also with a port.
struct ProxyExceptions: Sendable, Equatable {
    /// One entry.
    private enum Entry: Equatable {
        case all
        case name(String, port: Int?)
        case network(IPNetwork, port: Int?)
    }

    private let entries: [Entry]
    /// The entries that no program understands, as they were given.
    let unknown: [String]

    /// - Parameter text: Entries with commas or blanks between them.
    init(_ text: String) {
        var entries: [Entry] = []
        var unknown: [String] = []
        for word in text.split(whereSeparator: { $0 == "," || $0.isWhitespace }) {
            if let entry = Self.entry(word.lowercased()) {
                entries.append(entry)
            } else {
                unknown.append(String(word))
            }
        }
        (self.entries, self.unknown) = (entries, unknown)
    }

    /// Whether a host is reached directly at a port.
    func cover(_ host: String, port: Int) -> Bool {
        let name = Self.withoutFinalDot(host.lowercased())
        let address = (try? IPAddress(name)).map(\.withoutMapping)
        return entries.contains { entry in
            switch entry {
            case .all: true
            case .name(let known, let only):
                (only ?? port) == port && address == nil && (name == known || name.hasSuffix(".\(known)"))
            case .network(let network, let only): (only ?? port) == port && address.map(network.contains) ?? false
            }
        }
    }

    private static func entry(_ word: String) -> Entry? {
        if word == "*" { return .all }
        if let network = network(word) { return .network(network, port: nil) }
        guard let (host, port) = hostAndPort(word) else { return nil }
        if let network = network(host), host.hasPrefix("[") || network.family == .ipv4, !host.contains("/") {
            return .network(network, port: port)
        }
        guard let name = name(host) else { return nil }
        return .name(name, port: port)
    }

    /// An address or a range, also with host bits, in brackets, or with a final dot.
    private static func network(_ word: String) -> IPNetwork? {
        let isBracketed = word.hasPrefix("[") && word.hasSuffix("]")
        let inner = isBracketed ? String(word.dropFirst().dropLast()) : word
        let parts = inner.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let first = parts.first, let address = address(withoutFinalDot(first)) else { return nil }
        if isBracketed, address.family == .ipv4 { return nil }
        guard parts.count == 2 else { return around(address, address.family.bits) }
        let digits = parts[1]
        guard (1...3).contains(digits.utf8.count), digits.utf8.allSatisfy(\.isDigit), let length = Int(digits),
            length <= address.family.bits
        else { return nil }
        return around(address, length)
    }

    private static func around(_ address: IPAddress, _ length: Int) -> IPNetwork {
        let plain = address.withoutMapping
        // The first 96 bits say that an IPv4 address follows.
        guard plain.family != address.family else { return IPNetwork(around: address, prefixLength: length) }
        return length < 96
            ? IPNetwork(around: address, prefixLength: length) : IPNetwork(around: plain, prefixLength: length - 96)
    }

    private static func address(_ word: String) -> IPAddress? {
        let isBracketed = word.hasPrefix("[") && word.hasSuffix("]")
        guard let address = try? IPAddress(isBracketed ? String(word.dropFirst().dropLast()) : word) else { return nil }
        return isBracketed && address.family == .ipv4 ? nil : address
    }

    /// Takes `host:port` and `[address]:port` apart; the port is `nil` where there is none.
    private static func hostAndPort(_ word: String) -> (String, Int?)? {
        guard let colon = word.lastIndex(of: ":"), !word.hasSuffix("]") else { return (word, nil) }
        let digits = word[word.index(after: colon)...]
        guard digits.utf8.allSatisfy(\.isDigit), let port = UInt16(digits), port > 0 else { return nil }
        return (String(word[..<colon]), Int(port))
    }

    /// A name without the dot or the asterisk before it.
    private static func name(_ word: String) -> String? {
        var name = Substring(word)
        if name.hasPrefix("*.") { name = name.dropFirst(2) } else if name.hasPrefix(".") { name = name.dropFirst() }
        let plain = withoutFinalDot(String(name))
        let labels = plain.split(separator: ".", omittingEmptySubsequences: false)
        guard labels.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy(isOfName) }) else { return nil }
        // No top-level domain is a number: that is the beginning of an address.
        guard let last = labels.last, !last.utf8.allSatisfy(\.isDigit) else { return nil }
        return plain
    }

    private static func isOfName(_ byte: UInt8) -> Bool { byte.isLetterDigitOrHyphen || byte == UInt8(ascii: "_") }

    private static func withoutFinalDot(_ name: String) -> String {
        name.hasSuffix(".") ? String(name.dropLast()) : name
    }
}

extension IPAddress {
    /// The IPv4 address that an IPv6 one stands for (RFC 4291, section 2.5.5.2); any other as it is.
    fileprivate var withoutMapping: IPAddress {
        let isMapped = bytes.count == 16 && bytes.prefix(10).allSatisfy { $0 == 0 } && bytes[10...11] == [0xFF, 0xFF]
        return isMapped ? IPAddress(bytes: Array(bytes.suffix(4))) : self
    }
}
