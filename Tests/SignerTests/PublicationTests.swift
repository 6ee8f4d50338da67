import Testing

@testable import Signer

/// Whether a record in DNS fits a key, tried by a message that is signed and verified.
struct PublicationTests {
    private func key(_ algorithm: PrivateKey.Algorithm = .ed25519) throws -> SigningKey {
        try SigningKey(domain: "example.com", selector: "r1", key: PrivateKey.generate(algorithm))
    }

    private func fault(_ key: SigningKey, _ texts: [String], _ headers: SignedHeaders = .standard) -> PublicationFault?
    {
        do throws(PublicationFault) {
            try key.verify(against: texts, headers: headers, at: 1_700_000_000)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: PrivateKey.Algorithm.allCases)
    func theKeysOwnRecordFits(_ algorithm: PrivateKey.Algorithm) throws {
        let key = try key(algorithm)
        #expect(fault(key, [key.record.value]) == nil)
        #expect(fault(key, [key.record.value], .throughSES) == nil)
        #expect(fault(key, [key.record.value + "; h=sha256:sha1; s=email; t=s; n=a note"]) == nil)
    }

    @Test func eachAnswerOfDNSHasItsFault() throws {
        let (key, other, rsa) = (try key(), try key(), try key(.rsa))
        let value = key.record.value
        #expect(fault(key, []) == .missing)
        #expect(fault(key, [value, "v=spf1 -all"]) == .several(2))
        #expect(fault(key, ["v=DKIM1; k=ed25519; p="]) == .revoked)
        #expect(fault(key, [value + "; t=s:y"]) == .testing)
        #expect(fault(key, [other.record.value]) == .otherKey)
        for (text, words) in [
            (rsa.record.value, "no key for ed25519-sha256"), (value + "; h=sha1", "SHA-256"),
            (value.replacing("k=ed25519", with: "k=rsa"), "no RSA key"), (value + "; s=tlsrpt", "not for mail"),
            ("nonsense", "not well formed"), (value.replacing("DKIM1", with: "DKIM2"), "begin with v=DKIM1"),
        ] {
            guard case .unusable(let reason) = fault(key, [text]) else {
                Issue.record("\(text)")
                continue
            }
            #expect(reason.contains(words), "\(reason)")
        }
    }

    @Test func aFaultIsPutBehindTheRecordsName() {
        #expect("\(PublicationFault.unusable("a\nb"))" == "can't be used: a?b")
        #expect("\(PublicationFault.missing)" == "is not in DNS")
    }
}
