import Testing

@testable import Signer

/// A text whose name in the test's output is its beginning.
struct PEMText: Sendable, CustomTestStringConvertible {
    let text: String
    init(_ text: String) { self.text = text }
    var testDescription: String { String(text.replacing("\n", with: " ").prefix(60)) }
}

struct KeyTests {
    @Test(arguments: [PEMText(KeySamples.rsaPKCS1), PEMText(KeySamples.rsaPKCS8)])
    func rsaKeysAreRead(_ sample: PEMText) throws {
        let pem = sample.text
        for text in [pem, "  \r\n" + pem.replacing("\n", with: "\r\n") + "\r\n", "A comment\n" + pem + "\ntrailer\n"] {
            let key = try PrivateKey(pem: text)
            #expect(key.algorithm == .rsa)
            #expect(base64(key.publicKeyBytes) == KeySamples.rsaPublicBase64)
        }
    }

    @Test func ed25519KeysAreRead() throws {
        let key = try PrivateKey(pem: KeySamples.ed25519)
        #expect(key.algorithm == .ed25519)
        #expect(base64(key.publicKeyBytes) == KeySamples.ed25519PublicBase64)
    }

    /// RFC 8410, section 10.3: version 2 has the public key behind the private one.
    @Test func ed25519KeysOfVersion2AreRead() throws {
        let key = try PrivateKey(
            pem: """
                -----BEGIN PRIVATE KEY-----
                MHICAQEwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
                oB8wHQYKKoZIhvcNAQkJFDEPDA1DdXJkbGUgQ2hhaXJzgSEAGb9ECWmEzf6FQbrB
                Z9w7lshQhqowtrbLDFw4rXAxZuE=
                -----END PRIVATE KEY-----
                """
        )
        #expect(base64(key.publicKeyBytes) == "Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=")
    }

    @Test(arguments: [
        (PEMText(KeySamples.rsa1024), KeyFailure.tooShort(bits: 1024)),
        (PEMText(KeySamples.rsa512), .tooShort(bits: nil)),
        (PEMText(KeySamples.ecdsa), .otherAlgorithm("EC")), (PEMText(KeySamples.ecdsaPKCS8), .otherAlgorithm("ECDSA")),
        (PEMText(KeySamples.x25519), .otherAlgorithm("X25519")), (PEMText(KeySamples.ed448), .otherAlgorithm("Ed448")),
        (PEMText(KeySamples.rsaPSS), .otherAlgorithm("RSA-PSS")), (PEMText(KeySamples.encryptedPKCS1), .encrypted),
        (PEMText(KeySamples.encryptedPKCS8), .encrypted), (PEMText(KeySamples.rsaPublic), .publicKey),
        (PEMText(""), .notPEM), (PEMText("key"), .notPEM),
        (PEMText(KeySamples.rsaPKCS1 + "\n" + KeySamples.ed25519), .severalKeys),
        (PEMText(String(KeySamples.rsaPKCS1.dropLast(100))), .notPEM),
        (PEMText(KeySamples.rsaPKCS1.replacing("MII", with: "MIX")), .damaged),
        (PEMText(KeySamples.ed25519.replacing("MC4C", with: "MC!C")), .damaged),
        (PEMText("-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n"), .damaged),
        (PEMText("-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIE\n-----END PRIVATE KEY-----\n"), .damaged),
    ])
    func otherTextsAreRefused(_ text: PEMText, _ failure: KeyFailure) {
        #expect(throws: failure) { try PrivateKey(pem: text.text) }
    }

    @Test func anErrorSaysTheCure() {
        #expect("\(KeyFailure.tooShort(bits: 1024))".contains("1024 bits"))
        #expect("\(KeyFailure.tooShort(bits: 1024))".contains("2048 bits and more"))
        #expect("\(KeyFailure.encrypted)".contains("without a passphrase"))
    }

    @Test(arguments: [(PrivateKey.Algorithm.rsa, 2048), (.rsa, 3072), (.ed25519, 0)])
    func generatedKeysSign(_ algorithm: PrivateKey.Algorithm, _ bits: Int) throws {
        let made = try PrivateKey.generate(algorithm, bits: bits)
        let read = try PrivateKey(pem: made.pem)
        #expect(
            made.pem.hasPrefix("-----BEGIN PRIVATE KEY-----\n") && made.pem.hasSuffix("-----END PRIVATE KEY-----\n")
        )
        #expect(read.publicKeyBytes == made.publicKeyBytes)
        let key = try SigningKey(domain: "example.com", selector: "s", key: read)
        #expect(failures(try signed(bytes(RFCExamples.message), [key]), [key]) == [nil])
    }

    @Test(arguments: [1024, 2047, 0, -8, 8192])
    func rsaKeysOfOtherLengthsAreNotMade(_ bits: Int) {
        #expect(throws: KeyFailure.tooShort(bits: bits)) { try PrivateKey.generate(.rsa, bits: bits) }
    }

    @Test func theRecordOfAKey() throws {
        let rsa = try TestKeys.rsa().record
        #expect(rsa.name == "r1._domainkey.example.com")
        #expect(rsa.value == "v=DKIM1; k=rsa; p=\(KeySamples.rsaPublicBase64)")
        #expect(rsa.strings.count == 2 && rsa.strings.allSatisfy { $0.utf8.count <= 255 })
        #expect(rsa.strings.joined() == rsa.value)
        #expect(rsa.quotedValue == "\"\(rsa.strings[0])\" \"\(rsa.strings[1])\"")
        #expect(
            rsa.zoneText
                == "r1._domainkey.example.com. 3600 IN TXT (\n\t\"\(rsa.strings[0])\"\n\t\"\(rsa.strings[1])\"\n)\n"
        )
        let ed25519 = try TestKeys.ed25519().record
        #expect(ed25519.quotedValue == "\"v=DKIM1; k=ed25519; p=\(KeySamples.ed25519PublicBase64)\"")
    }

    /// An operator copies the record from here into whatever serves the zone.
    @Test func thePublicationShowsEachForm() throws {
        let key = try TestKeys.rsa()
        let text = key.publication
        for form in [key.record.name, key.record.value, key.record.quotedValue, key.record.zoneText] {
            #expect(text.contains(form), "\(form)")
        }
        #expect(text.contains("mail from example.com and its subdomains"))
    }

    @Test func aLongKeyNeedsThreeStrings() throws {
        let key = try SigningKey(domain: "example.com", selector: "s", key: .generate(.rsa, bits: 4096))
        #expect(key.record.strings.count == 3)
        #expect(failures(try signed(bytes(RFCExamples.message), [key]), [key]) == [nil])
    }

    @Test(arguments: ["", "a..b", ".a", "a.", "-a", "a-", "a b", "a;b", "ä", "a\n", String(repeating: "a", count: 64)])
    func selectorsThatAreNoNames(_ selector: String) throws {
        let key = try PrivateKey(pem: KeySamples.ed25519)
        #expect(throws: KeyFailure.selector(selector)) {
            try SigningKey(domain: "example.com", selector: selector, key: key)
        }
    }

    @Test(arguments: ["", "com", "a..com", "a b.com", "-a.com", "example.com;", "[192.0.2.1]", "a@example.com"])
    func domainsThatAreNoNames(_ domain: String) throws {
        let key = try PrivateKey(pem: KeySamples.ed25519)
        #expect(throws: KeyFailure.domain(domain)) { try SigningKey(domain: domain, selector: "s", key: key) }
    }

    @Test func namesAreNormalized() throws {
        let key = try SigningKey(
            domain: "Bücher.Example",
            selector: "S_1.a-b",
            key: PrivateKey(pem: KeySamples.ed25519)
        )
        #expect(key.domain == "xn--bcher-kva.example")
        #expect(key.record.name == "s_1.a-b._domainkey.xn--bcher-kva.example")
    }
}

struct KeyTableTests {
    private func table() throws -> KeyTable {
        KeyTable([
            try TestKeys.rsa(selector: "old"), try TestKeys.rsa(selector: "new"), try TestKeys.ed25519(selector: "ed"),
            try TestKeys.rsa("news.example.com", selector: "n"), try TestKeys.rsa("example.org", selector: "o"),
        ])
    }

    @Test(arguments: [
        ("example.com", ["old", "new", "ed"]), ("EXAMPLE.com", ["old", "new", "ed"]),
        ("a.b.example.com", ["old", "new", "ed"]),
        ("news.example.com", ["n"]), ("x.news.example.com", ["n"]), ("xnews.example.com", ["old", "new", "ed"]),
        ("example.org", ["o"]), ("notexample.com", []), ("com", []), ("", []), ("example.com.evil.net", []),
        (".example.org", ["o"]),
        ("[192.0.2.1]", []),
    ])
    func theLongestDomainSigns(_ domain: String, _ selectors: [String]) throws {
        #expect(try table().keys(for: domain).map(\.selector) == selectors)
    }

    @Test func severalAuthorsShareAKey() throws {
        let authors = ["a.example.com", "example.org", "example.com", "example.net"].map {
            Mailbox(localPart: "x", domain: $0)
        }
        #expect(try table().keys(for: authors).map(\.selector) == ["old", "new", "ed", "o"])
        #expect(try table().keys(for: []).isEmpty)
    }
}
