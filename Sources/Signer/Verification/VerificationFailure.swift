/// The reason why a signature does not verify.
package enum VerificationFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// The signature cannot be read, or says something that is not supported.
    case signature(String)
    case expired
    /// DNS has no public key under this name.
    case noRecord(String)
    case record(name: String, String)
    case bodyChanged
    /// The headers are not those that were signed, or the private key is not that of the record.
    case headersChanged

    package var description: String {
        switch self {
        case .signature(let reason): "the DKIM-Signature is not valid: \(reason.onOneLine)"
        case .expired: "the signature has expired"
        case .noRecord(let name): "DNS has no TXT record \(name.onOneLine); publish the one that 'dkim record' prints"
        case .record(let name, let reason): "the TXT record \(name.onOneLine) is not valid: \(reason.onOneLine)"
        case .bodyChanged: "the body is not the one that was signed"
        case .headersChanged: "the headers are not those that were signed, or the public key is that of another key"
        }
    }
}
