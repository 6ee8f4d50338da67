/// Regular expressions for addresses and networks.
enum AddressPattern {
    private static let octet = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
    private static let group = "[0-9A-Fa-f]{1,4}"

    static let ipv4 = "\(octet)(?:\\.\(octet)){3}"

    /// An IPv6 address in each form of RFC 4291, section 2.2.
    static let ipv6: String = {
        var forms = ["(?:\(group):){7}\(group)", "(?:\(group):){6}\(ipv4)", "(?:\(group):){1,7}:"]
        for tail in 1...6 { forms.append("(?:\(group):){1,\(7 - tail)}(?::\(group)){1,\(tail)}") }
        forms.append(":(?::\(group)){1,7}")
        forms.append("::")
        for head in 0...5 {
            let groups = head == 0 ? ":" : "(?:\(group):){\(head)}"
            forms.append("\(groups):(?:\(group):){0,\(max(0, 5 - head))}\(ipv4)")
        }
        return "(?:\(forms.joined(separator: "|")))"
    }()

    /// An IPv4 network: all bits behind the prefix are zero.
    static let ipv4Network: String = {
        let lengths = (0...32).map { length in
            let whole = length / 8
            var octets = Array(repeating: octet, count: min(4, whole))
            if octets.count < 4 {
                octets.append(multiples(of: 1 << (8 - length % 8)))
                octets += Array(repeating: "0", count: 4 - octets.count)
            }
            let address = octets.joined(separator: "\\.")
            let prefix = prefix(length...length)
            return length == 32 ? "\(address)(?:/\(prefix))?" : "\(address)/\(prefix)"
        }
        return "(?:\(lengths.joined(separator: "|")))"
    }()

    /// An IPv6 network whose groups behind the prefix are zero. The bits of the group that the prefix divides are not seen.
    static let ipv6Network: String = {
        let zero = "0{1,4}"
        let lengths = (1...7).map { groups -> String in
            let short = "(?:\(group):){1,\(groups)}(?:\(zero):){0,\(7 - groups)}:|::"
            let full = "(?:\(group):){\(groups)}" + Array(repeating: zero, count: 8 - groups).joined(separator: ":")
            let first = groups == 1 ? 0 : 16 * groups - 15
            return "(?:\(short)|\(full))/\(prefix(first...16 * groups))"
        }
        return "(?:\((lengths + ["\(ipv6)(?:/\(prefix(113...128)))?"]).joined(separator: "|")))"
    }()

    /// The lengths of a prefix, with leading zeros, but no more than three digits.
    private static func prefix(_ lengths: ClosedRange<Int>) -> String {
        let texts = lengths.map { $0 < 10 ? "0{0,2}\($0)" : $0 < 100 ? "0?\($0)" : "\($0)" }
        return "(?:\(texts.joined(separator: "|")))"
    }

    /// The multiples below 256, in decimal.
    private static func multiples(of step: Int) -> String {
        "(?:\(stride(from: 0, to: 256, by: step).map(String.init).joined(separator: "|")))"
    }
}
