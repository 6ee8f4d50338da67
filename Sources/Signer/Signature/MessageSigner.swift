/// Signs one message while it streams by. It holds the headers that are signed, and never the body.
package struct MessageSigner {
    private var headers: HeldHeaders
    private var body = BodyHash()
    private var signatures = OwnSignatures()
    private let lifetime: Int?

    /// - Parameter lifetime: The seconds for which signatures are valid (the tag `x`); without it, they do not expire.
    package init(headers: SignedHeaders = .standard, lifetime: Int? = nil) {
        self.headers = HeldHeaders(headers)
        self.lifetime = lifetime
    }

    package mutating func add(_ field: HeaderField) {
        headers.add(field)
        signatures.add(field)
    }

    package mutating func addBody(_ bytes: UnsafeRawBufferPointer) { body.update(bytes) }

    package mutating func addBody(_ bytes: [UInt8]) { body.update(bytes) }

    /// Ends the message.
    ///
    /// - Parameters:
    ///   - keys: The keys to sign with.
    ///   - time: Seconds since 1970.
    /// - Returns: A field for each key whose signature the message does not have yet. They belong above all others. Their
    ///   folds are CRLF and a space.
    /// - Throws: `SigningFailure`.
    package mutating func sign(with keys: [SigningKey], at time: Int) throws(SigningFailure) -> [HeaderField] {
        guard !headers.isOverfull else { throw .headersTooLarge }
        let bodyHash = body.finish()
        let names = headers.names
        let canonicalHeaders = headers.canonical(names)
        var fields: [HeaderField] = []
        for key in keys where !signatures.hold(for: key, headers, bodyHash: bodyHash, at: time) {
            let field = SignatureField(
                key: key,
                names: names,
                bodyHash: bodyHash,
                time: time,
                expiration: lifetime.map { time + $0 }
            )
            // The field itself is signed last, without its final CRLF (section 3.7).
            let signature = try key.key.signature(
                of: canonicalHeaders + field.field().canonical(.relaxed).dropLast(2)
            )
            fields.append(field.field(signature: signature))
        }
        return fields
    }
}
