import Vocabulary

/// The way by which a node's mail reaches receivers.
struct MailWay: Sendable {
    /// The host that all mail is handed to; `nil` where the node delivers itself.
    var smarthost: String?
    /// The addresses that receivers see mail from.
    var addresses: [IPAddress] = []
    /// Whether the IPv4 addresses are this node's alone, and no NAT gateway's.
    var isOwn = true
    /// The name that Postfix greets with.
    let greeting: String
    /// `smtp_tls_security_level`; empty where there is none.
    var tlsLevel = ""
    /// The addresses that could not be found out.
    var failures: [Finding] = []
}
