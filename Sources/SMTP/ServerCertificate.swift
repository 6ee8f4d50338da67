import NIOSSL

/// A server's certificate with its key, known to belong together.
package struct ServerCertificate: Sendable, Equatable {
    /// Why a certificate can't be used.
    package enum Problem: Error, Sendable, Equatable {
        case notACertificate
        case notAKey
        case notTheKeys
        /// Seconds since 1970.
        case notBefore(Int)
        case ended(Int)
    }

    /// When it ends, in seconds since 1970.
    package let end: Int

    /// - Parameters:
    ///   - certificate: The chain in PEM, the server's own certificate first.
    ///   - key: Its key in PEM, without a passphrase.
    ///   - now: Seconds since 1970.
    package init(certificate: [UInt8], key: [UInt8], at now: Int) throws(Problem) {
        guard let chain = try? NIOSSLCertificate.fromPEMBytes(certificate), let own = chain.first else {
            throw .notACertificate
        }
        guard let privateKey = try? NIOSSLPrivateKey(bytes: key, format: .pem) else { throw .notAKey }
        let configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) },
            privateKey: .privateKey(privateKey)
        )
        // It takes the key only with the certificate that is this key's.
        guard (try? NIOSSLContext(configuration: configuration)) != nil else { throw .notTheKeys }
        let (start, end) = (Int(own.notValidBefore), Int(own.notValidAfter))
        guard start <= now else { throw .notBefore(start) }
        guard now < end else { throw .ended(end) }
        self.end = end
    }
}
