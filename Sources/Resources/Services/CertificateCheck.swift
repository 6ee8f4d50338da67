package import Host
package import SMTP
import SystemPackage
package import Vocabulary

/// Checks the certificate that senders are shown: Postfix itself only logs its faults, and goes on without it.
package struct CertificateCheck: Sendable {
    private let files: FileSystem

    package init(files: FileSystem) {
        self.files = files
    }

    /// When a certificate ends, in seconds since 1970.
    ///
    /// - Parameter now: Seconds since 1970.
    /// - Throws: `UnusableCertificate`, or a `FileFailure` where a file can't be read.
    package func end(of wanted: CertificateFiles, at now: Int) throws -> Int {
        let key = FilePath(wanted.key.description)
        let bytes = try files.bytes(at: FilePath(wanted.certificate.description))
        let keyBytes = try files.bytes(at: key)
        guard try files.attributes(at: key).permissions.isDisjoint(with: [.otherReadWrite, .otherExecute]) else {
            throw UnusableCertificate(files: wanted, reason: .openKey)
        }
        do throws(ServerCertificate.Problem) {
            return try ServerCertificate(certificate: bytes, key: keyBytes, at: now).end
        } catch {
            throw UnusableCertificate(files: wanted, reason: .problem(error))
        }
    }
}

/// A certificate that no sender should be shown.
package struct UnusableCertificate: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Reason: Sendable, Equatable {
        /// All users of this host may read the key.
        case openKey
        case problem(ServerCertificate.Problem)
    }

    package let files: CertificateFiles
    package let reason: Reason

    package var description: String { "the certificate can't be used: \(explanation)" }

    private var explanation: String {
        let (certificate, key) = (files.certificate, files.key)
        return switch reason {
        case .openKey: "every user of this host may read its key; run 'chmod o= \(key)', or have it made anew"
        case .problem(.notACertificate): "\(certificate) holds no certificate in PEM (mail.tls.certificate)"
        case .problem(.notAKey): "\(key) holds no key in PEM, or one with a passphrase (mail.tls.key)"
        case .problem(.notTheKeys):
            "\(key) is not the key of the first certificate in \(certificate); the chain begins with the server's own"
        case .problem(.notBefore): "\(certificate) is not valid yet; look at it with \(look), and at this host's clock"
        case .problem(.ended): "\(certificate) has ended; renew it (\(look) shows when)"
        }
    }

    private var look: String { "'openssl x509 -noout -dates -in \(files.certificate)'" }
}
