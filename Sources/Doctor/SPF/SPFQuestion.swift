import Vocabulary

/// A question to the domain of a sender: may this address send its mail? (RFC 7208, section 4.1)
struct SPFQuestion: Sendable {
    /// The address that the mail comes from. An IPv4 address that is written as IPv6 is an IPv4 address (section 5).
    let address: IPAddress
    let localPart: String
    let domain: String
    /// The name that the sending host greets with.
    let greeting: String
    /// The name of the host that asks, for explanations.
    let receiver: String
    /// The time of the question in seconds since 1970, for explanations.
    let time: Int

    /// - Parameter sender: The envelope's sender. A bounce has none; then it is `postmaster` at the greeting (section 2.4).
    init(_ address: IPAddress, sender: String, greeting: String, receiver: String = "unknown", time: Int = 0) {
        let mapped = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF]
        let isMapped = address.family == .ipv6 && address.bytes.starts(with: mapped)
        self.address = isMapped ? IPAddress(bytes: Array(address.bytes.dropFirst(12))) : address
        let at = sender.lastIndex(of: "@")
        let local = at.map { sender[..<$0] } ?? ""
        let domain = at.map { sender[sender.index(after: $0)...] } ?? sender[...]
        self.localPart = local.isEmpty ? "postmaster" : String(local)
        self.domain = domain.isEmpty ? greeting : String(domain)
        self.greeting = greeting
        self.receiver = receiver
        self.time = time
    }
}
