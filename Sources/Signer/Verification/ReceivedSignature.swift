import FoundationEssentials

/// A `DKIM-Signature` field as a receiver reads it (RFC 6376, section 6.1.1).
package struct ReceivedSignature: Sendable {
    package let domain: String
    package let selector: String
    let algorithm: PrivateKey.Algorithm
    let headerForm: Canonicalization
    let bodyForm: Canonicalization
    /// The names of the signed headers, in lower case.
    package let names: [String]
    let bodyHash: [UInt8]
    let signature: [UInt8]
    let expiration: Int?
    /// The domain of the tag `i`.
    let identityDomain: String

    /// The name under which the public key is looked up.
    package var recordName: String { PublicKeyRecord.name(selector: selector, domain: domain) }

    /// - Throws: `VerificationFailure.signature`.
    package init(_ field: HeaderField) throws(VerificationFailure) {
        guard let tags = TagList(field.value) else { throw .signature("its tags are not well formed") }
        func required(_ name: String) throws(VerificationFailure) -> String {
            guard let value = tags[name], !value.isEmpty else { throw .signature("it has no tag \(name)") }
            return value
        }
        func base64(_ name: String) throws(VerificationFailure) -> [UInt8] {
            guard let data = Data(base64Encoded: try required(name).withoutFolding) else {
                throw .signature("its tag \(name) is not base64")
            }
            return Array(data)
        }
        guard try required("v") == "1" else { throw .signature("its version is not 1") }
        let algorithm = try required("a").lowercased()
        guard let known = PrivateKey.Algorithm(rawValue: algorithm) else {
            throw .signature("the algorithm '\(algorithm)' is neither rsa-sha256 nor ed25519-sha256")
        }
        self.algorithm = known
        (headerForm, bodyForm) = try Self.forms(tags["c"] ?? "simple/simple")
        domain = try required("d").lowercased()
        selector = try required("s").lowercased()
        names = tags.words("h") ?? []
        guard names.contains("from") else { throw .signature("it does not cover From") }
        bodyHash = try base64("bh")
        signature = try base64("b")
        // A signature for a part of the body lets anybody add to it.
        guard tags["l"] == nil else { throw .signature("it covers a part of the body only (tag l)") }
        guard tags.words("q")?.contains("dns/txt") ?? true else { throw .signature("its key is not in DNS (tag q)") }
        identityDomain = tags["i"]?.split(separator: "@", omittingEmptySubsequences: false).last?.lowercased() ?? domain
        guard identityDomain == domain || identityDomain.hasSuffix(".\(domain)") else {
            throw .signature("its tag i is not within its domain")
        }
        expiration = try Self.seconds("x", tags)
        if let time = try Self.seconds("t", tags), let expiration, expiration <= time {
            throw .signature("it expired before it was made")
        }
    }

    private static func seconds(_ name: String, _ tags: TagList) throws(VerificationFailure) -> Int? {
        guard let text = tags[name] else { return nil }
        guard !text.isEmpty, text.utf8.count <= 12, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw .signature("its tag \(name) is no time")
        }
        return Int(text)
    }

    /// The body's form is simple unless it is named.
    private static func forms(_ text: String) throws(VerificationFailure) -> (Canonicalization, Canonicalization) {
        let parts = text.lowercased().split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count <= 2, let header = Canonicalization(rawValue: parts.first ?? ""),
            let body = Canonicalization(rawValue: parts.count == 2 ? parts[1] : "simple")
        else { throw .signature("its canonical form '\(text)' is not known") }
        return (header, body)
    }
}
