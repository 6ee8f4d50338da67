import NIOCore
import NIOSSL
import Vocabulary

/// TLS with a server, which as a rule has to prove its name.
package struct SMTPEncryption: Sendable {
    /// Whether TLS begins with the first byte, without STARTTLS (RFC 8314, section 3.3).
    package let isImplicit: Bool
    /// The server's name, or its address, as its certificate has to have it, and a file of the certificate authorities (PEM)
    /// whose word counts; `nil` where any certificate will do.
    private let proof: (host: String, authorities: String)?

    package init(host: String, authorities: String, isImplicit: Bool) {
        self.isImplicit = isImplicit
        self.proof = (host, authorities)
    }

    /// The encryption with this host itself, which need not prove anything.
    init(ofThisHostImplicitly isImplicit: Bool) {
        self.isImplicit = isImplicit
        self.proof = nil
    }

    func handler() throws -> NIOSSLClientHandler {
        var configuration = TLSConfiguration.makeClientConfiguration()
        guard let (host, authorities) = proof else {
            configuration.certificateVerification = .none
            return try NIOSSLClientHandler(context: NIOSSLContext(configuration: configuration), serverHostname: nil)
        }
        configuration.trustRoots = .file(authorities)
        let isAddress = (try? IPAddress(host)) != nil
        // The certificate has to have the address that was connected to, where there is no name.
        return try NIOSSLClientHandler(
            context: NIOSSLContext(configuration: configuration),
            serverHostname: isAddress ? nil : host
        )
    }

    /// Adds TLS to an open connection.
    ///
    /// - Parameter isClean: Is asked on the event loop, where nothing comes in between.
    /// - Returns: Whether it was added, since the connection was clean.
    func begin(on channel: any Channel, where isClean: @Sendable @escaping () -> Bool) async throws -> Bool {
        try await channel.eventLoop.submit {
            guard isClean() else { return false }
            try channel.pipeline.syncOperations.addHandler(handler(), position: .first)
            return true
        }.get()
    }

    /// The reason of an error of TLS; `nil` for any other error.
    static func reason(of error: any Error) -> String? {
        guard error is NIOSSLError || error is NIOSSLExtraError || error is BoringSSLError else { return nil }
        let text = "\(error)"
        // BoringSSL's own word, such as `CERTIFICATE_VERIFY_FAILED`, out of the library's long text around it.
        guard let start = text.firstRange(of: "OPENSSL_internal:")?.upperBound else { return text }
        return String(text[start...].prefix { !$0.isWhitespace && $0 != "]" })
    }
}
