import Crypto
import CryptoExtras
import FoundationEssentials

/// A public key as a TXT record has it (RFC 6376, section 3.6.1).
package struct PublicKey: Sendable {
    private enum Kind: Sendable {
        case rsa(_RSA.Signing.PublicKey)
        case ed25519(Curve25519.Signing.PublicKey)
    }

    private let kind: Kind
    /// Whether the domain only tests DKIM (flag `y`): receivers treat its mail as unsigned.
    package let isTesting: Bool
    /// Whether the tag `i` of signatures must have the very domain (flag `s`).
    let isForExactDomain: Bool

    /// - Parameters:
    ///   - text: The record's strings, joined.
    ///   - name: The record's name, for the error.
    /// - Throws: `VerificationFailure.record`.
    package init(record text: String, name: String) throws(VerificationFailure) {
        func failure(_ reason: String) -> VerificationFailure { .record(name: name, reason) }
        guard let tags = TagList(Array(text.utf8)) else { throw failure("its tags are not well formed") }
        if let version = tags["v"], version != "DKIM1" || tags.names.first != "v" {
            throw failure("it does not begin with v=DKIM1")
        }
        guard tags.words("h")?.contains("sha256") ?? true else { throw failure("it does not allow SHA-256 (tag h)") }
        guard tags.words("s")?.contains(where: { $0 == "*" || $0 == "email" }) ?? true else {
            throw failure("it is not for mail (tag s)")
        }
        guard let key = tags["p"]?.withoutFolding else { throw failure("it has no public key (tag p)") }
        guard !key.isEmpty else { throw failure("its key is revoked (its tag p is empty)") }
        guard let data = Data(base64Encoded: key) else { throw failure("its tag p is not base64") }
        switch tags["k"] ?? "rsa" {
        case "rsa":
            guard let key = try? _RSA.Signing.PublicKey(unsafeDERRepresentation: data) else {
                throw failure("its tag p is no RSA key of 1024 bits or more")
            }
            kind = .rsa(key)
        case "ed25519":
            guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: data) else {
                throw failure("its tag p is no Ed25519 key of 32 bytes")
            }
            kind = .ed25519(key)
        case let other: throw failure("its type of key '\(other)' is neither rsa nor ed25519")
        }
        let flags = tags.words("t") ?? []
        isTesting = flags.contains("y")
        isForExactDomain = flags.contains("s")
    }

    var algorithm: PrivateKey.Algorithm {
        switch kind {
        case .rsa: .rsa
        case .ed25519: .ed25519
        }
    }

    /// The length of an RSA key in bits; `nil` for an Ed25519 key, which has one length only.
    package var rsaBits: Int? {
        switch kind {
        case .rsa(let key): key.keySizeInBits
        case .ed25519: nil
        }
    }

    /// Whether both records have the same key, whatever their other tags say.
    package func isSameKey(as other: PublicKey) -> Bool {
        switch (kind, other.kind) {
        case (.rsa(let own), .rsa(let other)): own.derRepresentation == other.derRepresentation
        case (.ed25519(let own), .ed25519(let other)): own.rawRepresentation == other.rawRepresentation
        case (.rsa, .ed25519), (.ed25519, .rsa): false
        }
    }

    /// Whether a record says that its key is not used any more: its tag `p` is empty (RFC 6376, section 3.6.1).
    package static func isRevoked(record text: String) -> Bool {
        TagList(Array(text.utf8))?["p"]?.withoutFolding.isEmpty == true
    }

    func isValid(_ signature: [UInt8], of headers: [UInt8]) -> Bool {
        let digest = SHA256.hash(data: headers)
        switch kind {
        case .rsa(let key):
            return key.isValidSignature(.init(rawRepresentation: signature), for: digest, padding: .insecurePKCS1v1_5)
        case .ed25519(let key): return key.isValidSignature(Data(signature), for: Data(digest))
        }
    }
}
