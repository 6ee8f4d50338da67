import Testing

@testable import Signer

/// RFC 6376, section 5.4.
struct SignedHeadersTests {
    private func names(_ fields: [(String, String)], _ headers: SignedHeaders = .standard) -> [String] {
        var held = HeldHeaders(headers)
        for (name, value) in fields { held.add(HeaderField(name, value)) }
        return held.names
    }

    private func count(_ name: String, in names: [String]) -> Int { names.count { $0 == name } }

    /// A closed header is listed once more than it is there, so that one more breaks the signature.
    @Test func fromAndWhatReadersSeeIsClosed() {
        let names = names([("From", "a@example.com"), ("Subject", "x")])
        #expect(count("from", in: names) == 2)
        #expect(count("subject", in: names) == 2)
        for name in ["reply-to", "to", "cc", "mime-version", "content-type", "content-transfer-encoding"] {
            #expect(count(name, in: names) == 1, "\(name)")
        }
    }

    /// A later relay adds these where they are missing (RFC 6409, section 8).
    @Test(arguments: ["date", "message-id"])
    func aMissingHeaderThatRelaysAddStaysOpen(_ name: String) {
        #expect(count(name, in: names([])) == 0)
        #expect(count(name, in: names([(name, "x")])) == 2)
    }

    @Test(arguments: ["sender", "list-id", "list-unsubscribe", "list-unsubscribe-post", "resent-from", "references"])
    func aHeaderThatListsAddIsSignedOnlyWhereItIs(_ name: String) {
        #expect(count(name, in: names([])) == 0)
        #expect(count(name, in: names([(name.uppercased(), "x")])) == 1)
        #expect(count(name, in: names([(name, "x"), (name, "y")])) == 2)
    }

    /// Section 5.4.1: these change on the way.
    @Test(arguments: [
        "Return-Path", "Received", "Comments", "Keywords", "Bcc", "Resent-Bcc", "DKIM-Signature", "X-Spam",
    ])
    func headersThatChangeAreNotSigned(_ name: String) {
        #expect(!names([(name, "x")]).contains(name.lowercased()))
    }

    /// SES replaces Date and Message-ID.
    @Test func theListForSESLeavesOutWhatSESReplaces() {
        let names = names([("Date", "x"), ("Message-ID", "y"), ("From", "z")], .throughSES)
        #expect(!names.contains("date") && !names.contains("message-id"))
        #expect(count("from", in: names) == 2)
    }

    /// Verifiers would not find it under the name without the blank.
    @Test func aNameWithABlankInsideIsAnotherName() {
        #expect(HeaderField("Subject \t", "x").key == "subject")
        #expect(HeaderField("Sub ject", "x").key == "sub ject")
        #expect(count("subject", in: names([("Sub\tject", "x")])) == 1)
    }

    /// Section 5.4.2: the last one first.
    @Test func repeatedHeadersAreTakenFromTheBottom() {
        var held = HeldHeaders(.standard)
        for value in ["1", "2", "3"] { held.add(HeaderField("To", value)) }
        held.add(HeaderField("From", "a"))
        let text = String(decoding: held.canonical(["to", "from", "to", "to", "to", "from", "cc"]), as: UTF8.self)
        #expect(text == "to:3\r\nfrom:a\r\nto:2\r\nto:1\r\n")
    }

    @Test func moreHeadersThanAreHeldMakeTheSignatureFail() throws {
        for (count, size) in [(HeldHeaders.countLimit + 1, 1), (11, 100_000)] {
            var signer = MessageSigner()
            for _ in 0..<count { signer.add(HeaderField("To", String(repeating: "x", count: size))) }
            let keys = [try TestKeys.ed25519()]
            #expect(throws: SigningFailure.headersTooLarge) { try signer.sign(with: keys, at: 0) }
        }
        var signer = MessageSigner()
        for _ in 0..<5000 { signer.add(HeaderField("X-Other", String(repeating: "x", count: 1000))) }
        #expect(try signer.sign(with: [TestKeys.ed25519()], at: 0).count == 1)
    }
}
