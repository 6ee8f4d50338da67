/// A private key, selector or domain that cannot be used, with the reason and the cure. The caller puts the key's source in
/// front: its file or its parameter.
package enum KeyFailure: Error, Sendable, Equatable, CustomStringConvertible {
    case notPEM
    case severalKeys
    case encrypted
    case publicKey
    case otherAlgorithm(String)
    case tooShort(bits: Int?)
    case damaged
    case selector(String)
    case domain(String)
    case notGenerated

    package var description: String {
        switch self {
        case .notPEM:
            "no private key in PEM form, which begins with '-----BEGIN PRIVATE KEY-----' "
                + "or '-----BEGIN RSA PRIVATE KEY-----'"
        case .severalKeys: "more than one private key; give each key a file or parameter of its own"
        case .encrypted: "the private key is encrypted; store it without a passphrase, for example by 'openssl pkey'"
        case .publicKey: "a public key or certificate; the private key is needed to sign"
        case .otherAlgorithm(let name): "a key for \(name); DKIM has RSA and Ed25519 keys only"
        case .tooShort(let bits):
            "an RSA key of \(bits.map { "\($0)" } ?? "less than 1024") bits; "
                + "receivers trust RSA keys of 2048 bits and more, so generate a new one"
        case .damaged: "the private key cannot be decoded; copy the whole PEM block again"
        case .selector(let text):
            "the selector '\(text.onOneLine)' is not made of labels of letters, digits and inner hyphens, "
                + "such as relay2026"
        case .domain(let text): "'\(text.onOneLine)' is not a domain name with at least one dot, such as example.com"
        case .notGenerated: "the key could not be generated: the system gave no random numbers"
        }
    }
}

extension String {
    /// Without control characters, so that outside text cannot forge a log line.
    var onOneLine: String {
        String(
            String.UnicodeScalarView(
                unicodeScalars.map { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) ? "?" : $0 }
            )
        )
    }
}
