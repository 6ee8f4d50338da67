package import Vocabulary

/// A listener of master.cf by which other hosts hand mail to Postfix.
package struct Door: Sendable, Hashable {
    /// The service as master.cf names it: `smtp`, `submission`, `10.0.1.10:2525`.
    package let service: String
    /// The address at which the load balancer reaches it.
    package let address: IPAddress
    package let port: UInt16
    /// Whether each connection begins with a header of the PROXY protocol.
    package let isProxied: Bool
    /// Whether TLS begins with the first byte (smtpd_tls_wrappermode).
    package let isImplicitTLS: Bool
    /// Whether postscreen stands before smtpd, and may have a client wait for some seconds (postscreen_greet_wait).
    package let isScreened: Bool

    package init(
        service: String,
        address: IPAddress,
        port: UInt16,
        isProxied: Bool = false,
        isImplicitTLS: Bool = false,
        isScreened: Bool = false
    ) {
        self.service = service
        self.address = address
        self.port = port
        self.isProxied = isProxied
        self.isImplicitTLS = isImplicitTLS
        self.isScreened = isScreened
    }
}
