import Vocabulary

/// A header of the PROXY protocol, version 1 (haproxy's proxy-protocol.txt, section 2.1), which tells a server whose
/// connection it is. Every Postfix that knows the protocol reads this version.
enum ProxyHeader {
    /// As a host writes it that speaks for itself.
    ///
    /// - Parameter server: On this host.
    static func ofThisHost(to server: SMTPServer) -> String {
        let family = server.address.family == .ipv4 ? "TCP4" : "TCP6"
        // Any port that a client may have: it is written to the log, and counts for nothing else.
        return "PROXY \(family) \(server.address) \(server.address) \(UInt16.max) \(server.port)\r\n"
    }
}
