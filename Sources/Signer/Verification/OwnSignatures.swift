/// The signatures that a message came with, as far as they may be of our own keys: another relay of the fleet has signed it.
struct OwnSignatures {
    private var fields: [HeaderField] = []

    /// A message with more signatures is signed in any case.
    private static let limit = 20
    /// Bytes; a signature of ours has less than 2 KB.
    private static let sizeLimit = 16384

    mutating func add(_ field: HeaderField) {
        guard field.key == "dkim-signature", fields.count < Self.limit, field.value.count <= Self.sizeLimit else {
            return
        }
        fields.append(field)
    }

    /// Whether the message has a signature by this key that holds.
    func hold(for key: SigningKey, _ headers: HeldHeaders, bodyHash: [UInt8], at time: Int) -> Bool {
        fields.contains { field in
            guard let signature = try? ReceivedSignature(field), signature.domain == key.domain,
                signature.selector == key.selector, signature.algorithm == key.key.algorithm,
                signature.headerForm == .relaxed, signature.bodyForm == .relaxed, signature.bodyHash == bodyHash,
                signature.expiration.map({ $0 > time }) ?? true, headers.hold(signature.names),
                let own = try? PublicKey(record: key.record.value, name: key.record.name)
            else { return false }
            let unsigned = HeaderField(name: field.name, value: TagList.withoutSignature(field.value))
            return own.isValid(
                signature.signature,
                of: headers.canonical(signature.names) + unsigned.canonical(.relaxed).dropLast(2)
            )
        }
    }
}
