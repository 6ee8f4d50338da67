import Testing

@testable import Signer

struct VerificationTests {
    private func outcome(of message: [UInt8], _ record: String?, signature: Int = 0) -> VerificationFailure? {
        let read = SignedMessage(message)
        do throws(VerificationFailure) {
            try read.verify(read.signatures[signature], record: record, at: 1_600_000_000)
            return nil
        } catch {
            return error
        }
    }

    @Test func theExampleOfRFC6376Verifies() throws {
        #expect(outcome(of: RFCExamples.rfc6376, RFCExamples.rfc6376Record) == nil)
    }

    @Test func bothExamplesOfRFC8463Verify() throws {
        for (place, field) in SignedMessage(RFCExamples.rfc8463).signatures.enumerated() {
            let signature = try ReceivedSignature(field)
            #expect(signature.recordName == "\(signature.selector)._domainkey.football.example.com")
            let record = RFCExamples.rfc8463Records[signature.selector]
            #expect(outcome(of: RFCExamples.rfc8463, record, signature: place) == nil)
        }
        #expect(SignedMessage(RFCExamples.rfc8463).signatures.count == 2)
    }

    /// Each change of the message, the signature or the record, and the failure that it has to be.
    @Test(arguments: [
        ("Joe.", "Jim.", "the body is not the one"), ("Suzie Q", "Susan Q", "the headers are not those"),
        ("v=1;", "v=2;", "version is not 1"), ("v=1; ", "", "no tag v"), ("v=1;", "v=1; v=1;", "not well formed"),
        ("a=ed25519-sha256", "a=rsa-sha1", "neither rsa-sha256"), ("a=ed25519-sha256", "a=rsa-sha256", "no key for"),
        ("c=relaxed/relaxed", "c=nice/relaxed", "canonical form"),
        ("c=relaxed/relaxed", "c=relaxed/", "canonical form"),
        ("d=football.example.com;", "", "no tag d"), ("s=brisbane", "s=", "no tag s"), ("q=dns/txt", "q=http", "tag q"),
        ("i=@football", "i=@other", "tag i"), ("i=@football.example.com", "i=@xfootball.example.com", "tag i"),
        ("h=from : to :", "h=to :", "does not cover From"), ("bh=2j", "bh=!!", "tag bh is not base64"),
        ("b=/gCr", "b=;", "not well formed"), ("b=/gCr", "b=!gCr", "tag b is not base64"),
        ("t=1528637909", "t=1528637909; l=5", "tag l"), ("t=1528637909", "t=soon", "tag t is no time"),
        ("t=1528637909", "t=1528637909; x=1528637910", "expired"),
        ("t=1528637909", "t=1528637909; x=1", "before it was made"),
        ("t=1528637909", "t=1528637909; x=99999999999999999999", "tag x is no time"),
        ("q=dns/txt;", "q=dns/txt;;", "not well formed"),
        ("q=dns/txt", "q", "not well formed"), ("q=dns/txt", "1q=x", "not well formed"),
    ])
    func wrongSignatures(_ old: String, _ new: String, _ words: String) throws {
        var text = String(decoding: RFCExamples.rfc8463, as: UTF8.self)
        if words.contains("does not cover") { text.replace("from : subject", with: "subject") }
        text.replace(old, with: new, maxReplacements: 1)
        let failure = try #require(outcome(of: Array(text.utf8), RFCExamples.rfc8463Records["brisbane"]))
        #expect("\(failure)".contains(words), "\(failure)")
    }

    @Test(arguments: [
        ("v=DKIM1; ", "", nil), ("v=DKIM1; k=ed25519;", "k=ed25519; v=DKIM1;", "begin with v=DKIM1"),
        ("v=DKIM1", "v=DKIM2", "begin with v=DKIM1"), ("k=ed25519", "k=rsa", "no RSA key"),
        ("k=ed25519", "k=dsa", "neither rsa"),
        ("p=11qYAYKx", "p=", "no Ed25519 key"), ("p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", "p=", "revoked"),
        ("p=11qYAY", "n=11qYAY", "no public key"), ("p=1", "p=!", "not base64"), ("k=", "h=sha256; k=", nil),
        ("k=", "h=sha1; k=", "SHA-256"), ("k=", "h=sha1 : sha256; k=", nil), ("k=", "s=email; k=", nil),
        ("k=", "s=*; k=", nil),
        ("k=", "s=tlsrpt; k=", "not for mail"), ("k=", "t=y; k=", nil), ("k=", "t=s; k=", nil),
        ("k=", "n=a note; x=; k=", nil),
        ("k=", "k; k=", "not well formed"), ("k=", "k=rsa; k=", "not well formed"), ("11qYAY", "11q YAY\t", nil),
        ("URo=", "URo=;", nil),
        ("11qYAY", "21qYAY", "headers are not those"),
    ])
    func records(_ old: String, _ new: String, _ words: String?) throws {
        let record = try #require(RFCExamples.rfc8463Records["brisbane"])
        let changed = record.replacing(old, with: new, maxReplacements: 1)
        #expect(changed != record)
        let failure = outcome(of: RFCExamples.rfc8463, changed)
        #expect(failure.map { "\($0)".contains(words ?? "-") } ?? (words == nil), "\(String(describing: failure))")
    }

    @Test func aMissingRecordIsNamed() {
        let name = "brisbane._domainkey.football.example.com"
        #expect(outcome(of: RFCExamples.rfc8463, nil) == .noRecord(name))
        #expect("\(VerificationFailure.noRecord(name))".contains("publish the one that 'dkim record' prints"))
    }

    @Test func aTestKeyIsKnown() throws {
        let record = try #require(RFCExamples.rfc8463Records["brisbane"])
        #expect(try PublicKey(record: record.replacing("k=", with: "t=y:s; k="), name: "x").isTesting)
        #expect(try !PublicKey(record: record, name: "x").isTesting)
    }

    /// The flag `s` of a record forbids subdomains in the tag `i`.
    @Test func aStrictRecordIsStrict() throws {
        let text = String(decoding: RFCExamples.rfc8463, as: UTF8.self)
            .replacing("i=@football", with: "i=@a.football", maxReplacements: 1)
        let record = try #require(RFCExamples.rfc8463Records["brisbane"])
        #expect(outcome(of: Array(text.utf8), record) == .headersChanged)
        let strict = outcome(of: Array(text.utf8), record.replacing("k=", with: "t=s; k="))
        #expect(strict.map { "\($0)".contains("does not allow subdomains") } == true)
    }

    @Test func aLineThatIsNoFieldIsLeftOutWithItsFolds() {
        let fields = SignedMessage(bytes("A: 1\n 2\nnot a field\n\tcontinued\nB: 3\n\nC: 4\n")).fields
        #expect(fields == [HeaderField("A", " 1\r\n 2"), HeaderField("B", " 3")])
    }

    @Test func aMessageWithoutASignatureHasNone() {
        #expect(SignedMessage(bytes(RFCExamples.message)).signatures.isEmpty)
        #expect(SignedMessage([]).fields.isEmpty)
    }
}
