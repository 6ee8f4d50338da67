import Crypto
import CryptoExtras
import FoundationEssentials

/// A private key that signs mail.
package struct PrivateKey: Sendable {
    /// The algorithms of RFC 8301 and RFC 8463.
    package enum Algorithm: String, Sendable, CaseIterable {
        case rsa = "rsa-sha256"
        case ed25519 = "ed25519-sha256"

        /// The name of the key's type in DNS (the tag `k`).
        var keyType: String { self == .rsa ? "rsa" : "ed25519" }
    }

    private enum Secret: Sendable {
        case rsa(_RSA.Signing.PrivateKey)
        case ed25519(Curve25519.Signing.PrivateKey)
    }

    private let secret: Secret

    private init(_ secret: Secret) { self.secret = secret }

    /// Reads an RSA key (PKCS#1 or PKCS#8, 2048 bits and more) or an Ed25519 key (PKCS#8). Text around the block is ignored.
    ///
    /// - Throws: `KeyFailure`.
    package init(pem text: String) throws(KeyFailure) {
        let block = try PEMBlock.privateKey(in: text)
        switch try block.algorithm() {
        case .rsa: secret = .rsa(try Self.rsa(block))
        case .ed25519:
            guard let seed = block.ed25519Seed, let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: seed)
            else { throw .damaged }
            secret = .ed25519(key)
        }
    }

    private static func rsa(_ block: PEMBlock) throws(KeyFailure) -> _RSA.Signing.PrivateKey {
        let key: _RSA.Signing.PrivateKey
        do {
            key = try _RSA.Signing.PrivateKey(unsafePEMRepresentation: block.pem)
        } catch CryptoKitError.incorrectParameterSize {
            throw .tooShort(bits: nil)
        } catch {
            throw .damaged
        }
        guard key.keySizeInBits >= 2048 else { throw .tooShort(bits: key.keySizeInBits) }
        return key
    }

    /// Makes a new key.
    ///
    /// - Parameter bits: The length of an RSA key: 2048, 3072 or 4096. Receivers need not verify longer keys (RFC 8301).
    package static func generate(_ algorithm: Algorithm, bits: Int = 2048) throws(KeyFailure) -> PrivateKey {
        switch algorithm {
        case .ed25519: return PrivateKey(.ed25519(Curve25519.Signing.PrivateKey()))
        case .rsa:
            guard [2048, 3072, 4096].contains(bits) else { throw .tooShort(bits: bits) }
            guard let key = try? _RSA.Signing.PrivateKey(keySize: .init(bitCount: bits)) else { throw .notGenerated }
            return PrivateKey(.rsa(key))
        }
    }

    /// The key as PKCS#8 in PEM, as OpenSSL, OpenDKIM and dkimpy read it. It is secret.
    package var pem: String {
        let text =
            switch secret {
            case .rsa(let key): key.pkcs8PEMRepresentation
            case .ed25519(let key): key.pemRepresentation
            }
        return text.hasSuffix("\n") ? text : text + "\n"
    }

    package var algorithm: Algorithm {
        switch secret {
        case .rsa: .rsa
        case .ed25519: .ed25519
        }
    }

    /// The public key as DNS has it: SubjectPublicKeyInfo for RSA (RFC 6376, appendix C), 32 bytes for Ed25519 (RFC 8463).
    package var publicKeyBytes: [UInt8] {
        switch secret {
        case .rsa(let key): Array(key.publicKey.derRepresentation)
        case .ed25519(let key): Array(key.publicKey.rawRepresentation)
        }
    }

    /// Signs the canonical headers. Ed25519 signs their SHA-256 (RFC 8463, section 3).
    func signature(of headers: [UInt8]) throws(SigningFailure) -> [UInt8] {
        let digest = SHA256.hash(data: headers)
        do {
            switch secret {
            case .rsa(let key):
                return Array(try key.signature(for: digest, padding: .insecurePKCS1v1_5).rawRepresentation)
            case .ed25519(let key): return Array(try key.signature(for: Data(digest)))
            }
        } catch {
            throw .notSigned("\(error)")
        }
    }
}
