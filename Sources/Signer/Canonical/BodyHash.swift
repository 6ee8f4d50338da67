import Crypto

/// The SHA-256 of a body's canonical form, taken while the body streams by (the tag `bh`).
package struct BodyHash {
    private var canonicalizer: BodyCanonicalizer
    private var hash = SHA256()

    package init(_ form: Canonicalization = .relaxed) { self.canonicalizer = BodyCanonicalizer(form) }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        var hash = hash
        canonicalizer.update(bytes) { hash.update(bufferPointer: $0) }
        self.hash = hash
    }

    package mutating func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

    /// Ends the body. Nothing may be added after it.
    package mutating func finish() -> [UInt8] {
        var hash = hash
        canonicalizer.finish { hash.update(bufferPointer: $0) }
        return Array(hash.finalize())
    }
}
