/// The place at which the DKIM signer serves Postfix, by the milter protocol.
///
/// It is a TCP port, because SELinux lets smtpd(8) connect to any port, but only to a few kinds of sockets in the file
/// system. The port is none that OpenDKIM, OpenDMARC or Rspamd have by default.
package enum SignerEndpoint {
    package static let address = "127.0.0.1"
    package static let port: UInt16 = 8895

    /// The endpoint as Postfix writes it (MILTER_README).
    package static var place: String { "inet:\(address):\(port)" }
}
