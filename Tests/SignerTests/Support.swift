import FoundationEssentials

@testable import Signer

func base64(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }

/// The canonical form of a body that arrives in these pieces.
func canonicalBody(_ form: Canonicalization, _ pieces: [[UInt8]]) -> [UInt8] {
    var (canonicalizer, canonical) = (BodyCanonicalizer(form), [UInt8]())
    for piece in pieces { piece.withUnsafeBytes { canonicalizer.update($0) { canonical += $0 } } }
    canonicalizer.finish { canonical += $0 }
    return canonical
}

/// The keys of the samples.
enum TestKeys {
    static func rsa(_ domain: String = "example.com", selector: String = "r1") throws -> SigningKey {
        try SigningKey(domain: domain, selector: selector, key: PrivateKey(pem: KeySamples.rsaPKCS8))
    }

    static func ed25519(_ domain: String = "example.com", selector: String = "e1") throws -> SigningKey {
        try SigningKey(domain: domain, selector: selector, key: PrivateKey(pem: KeySamples.ed25519))
    }
}

/// The message with the signatures above it, as a receiver gets it.
func signed(
    _ message: [UInt8],
    _ keys: [SigningKey],
    headers: SignedHeaders = .standard,
    lifetime: Int? = nil,
    at time: Int = 1_800_000_000
) throws -> [UInt8] {
    var signer = MessageSigner(headers: headers, lifetime: lifetime)
    for field in SignedMessage(message).fields { signer.add(field) }
    signer.addBody(bodyOf(message))
    let fields = try signer.sign(with: keys, at: time)
    return fields.flatMap { $0.name + [0x3A] + $0.value + [13, 10] } + message
}

/// All after the first empty line.
func bodyOf(_ message: [UInt8]) -> [UInt8] {
    var rest = message[...]
    while !rest.isEmpty {
        let line = rest.prefix { $0 != 0x0A }
        rest = rest.dropFirst(line.count + 1)
        if line.allSatisfy({ $0 == 0x0D }) && line.count <= 1 { break }
    }
    return Array(rest)
}

/// The failures of all signatures of a message; `nil` for each that verifies.
func failures(_ message: [UInt8], _ keys: [SigningKey], at time: Int = 1_800_000_000) -> [VerificationFailure?] {
    let records = Dictionary(keys.map { ($0.record.name, $0.record.value) }) { first, _ in first }
    let read = SignedMessage(message)
    return read.signatures.map { field in
        do throws(VerificationFailure) {
            try read.verify(field, record: records[ReceivedSignature(field).recordName], at: time)
            return nil
        } catch {
            return error
        }
    }
}

func bytes(_ text: String) -> [UInt8] { RFCExamples.withStandardLineEnds(text) }
