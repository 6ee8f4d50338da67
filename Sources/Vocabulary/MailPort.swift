/// The TCP ports on which relays take mail.
package enum MailPort {
    /// SMTP's, and that of submission (RFC 6409).
    package static let all: [UInt16] = [25, 587]
}

extension NodeSettings.Mail {
    /// The ports on which the node takes mail.
    package var ports: [UInt16] { submission ? MailPort.all : [25] }
}
