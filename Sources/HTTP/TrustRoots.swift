import Glibc
import NIOSSL
import Vocabulary

/// The authorities whose certificates count.
package enum TrustRoots {
    /// The files in which systems keep the certificates they trust: Debian, Amazon Linux and CentOS, newer Fedora and
    /// RHEL without the old link, openSUSE, Alpine. BoringSSL has no default of its own that a static binary could use.
    static let systemBundles = [
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
        "/etc/ssl/ca-bundle.pem",
        "/etc/ssl/cert.pem",
    ]

    package static func systemBundle(isReadable: (String) -> Bool) -> String? { systemBundles.first(where: isReadable) }

    /// The system's bundle; the certificates in `AWS_CA_BUNDLE` in its place where that is set, as the AWS CLI has it.
    static func load(environment: [String: String]) throws(TransportSettingsFailure) -> NIOSSLTrustRoots {
        guard let bundle = environment["AWS_CA_BUNDLE"], !bundle.isEmpty else {
            return systemBundle { access($0, R_OK) == 0 }.map(NIOSSLTrustRoots.file) ?? .default
        }
        guard let certificates = try? NIOSSLCertificate.fromPEMFile(bundle), !certificates.isEmpty else {
            throw TransportSettingsFailure(
                variable: "AWS_CA_BUNDLE",
                reason: "'\(bundle.escapedForDisplay)' can't be read as a file of PEM certificates"
            )
        }
        return .certificates(certificates)
    }
}
