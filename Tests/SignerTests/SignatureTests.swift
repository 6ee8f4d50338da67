import Testing

@testable import Signer

/// The `DKIM-Signature` field (RFC 6376, section 3.5).
struct SignatureTests {
    private func field(_ keys: [SigningKey], lifetime: Int? = nil) throws -> String {
        var signer = MessageSigner(lifetime: lifetime)
        for field in SignedMessage(bytes(RFCExamples.message)).fields { signer.add(field) }
        signer.addBody(bodyOf(bytes(RFCExamples.message)))
        let field = try #require(try signer.sign(with: keys, at: 1_800_000_000).first)
        return "DKIM-Signature:" + String(decoding: field.value, as: UTF8.self)
    }

    /// The folded field, byte by byte. Ed25519 signs the same way each time.
    @Test func theFieldAsItIsWritten() throws {
        let text = try field([TestKeys.ed25519()], lifetime: 604_800)
        let lines = text.components(separatedBy: "\r\n")
        #expect(
            lines.dropLast(2) == [
                "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed; d=example.com; s=e1;",
                " t=1800000000; x=1800604800; h=from:from:reply-to:subject:subject:date:date:",
                " to:to:cc:message-id:message-id:mime-version:content-type:",
                " content-transfer-encoding; bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;",
            ]
        )
        #expect(lines.dropLast().last?.hasPrefix(" b=") == true)
        #expect(text == (try field([TestKeys.ed25519()], lifetime: 604_800)))
    }

    @Test(arguments: [
        ("example.com", "s"),
        ("a-rather-long-name-of-a-department.of.a-rather-long-company.example.com", "relay-2026-11"),
    ])
    func noLineIsLongerThan78Columns(_ domain: String, _ selector: String) throws {
        for key in [try TestKeys.rsa(domain, selector: selector), try TestKeys.ed25519(domain, selector: selector)] {
            let text = try field([key])
            #expect(text.components(separatedBy: "\r\n").allSatisfy { $0.utf8.count <= 78 }, "\(text)")
            #expect(text.components(separatedBy: "\r\n").dropFirst().allSatisfy { $0.hasPrefix(" ") && $0.count > 1 })
        }
    }

    /// A name cannot be folded.
    @Test func theLongestNamesAreStillOneTag() throws {
        let label = String(repeating: "a", count: 63)
        let key = try TestKeys.ed25519("\(label).\(label).\(label).example.com", selector: "s")
        let message = bytes("From: a@\(label).\(label).\(label).example.com\n\nx\n")
        #expect(failures(try signed(message, [key]), [key]) == [nil])
    }

    @Test func bothAlgorithmsSignTheSameMessage() throws {
        let keys = [try TestKeys.rsa(), try TestKeys.ed25519(), try TestKeys.ed25519(selector: "e2")]
        let message = try signed(bytes(RFCExamples.message), keys)
        #expect(failures(message, keys) == [nil, nil, nil])
    }

    @Test func aSignatureExpires() throws {
        let keys = [try TestKeys.rsa()]
        let message = try signed(bytes(RFCExamples.message), keys, lifetime: 100, at: 1000)
        #expect(failures(message, keys, at: 1100) == [nil])
        #expect(failures(message, keys, at: 1101) == [.expired])
    }

    @Test func theOddMessagesWereRead() {
        #expect(OddMessages.all.count == 27)
    }

    @Test(arguments: OddMessages.all)
    func oddMessagesVerify(_ message: OddMessage) throws {
        let keys = [try TestKeys.rsa(), try TestKeys.ed25519()]
        #expect(failures(try signed(message.bytes, keys), keys) == [nil, nil])
        #expect(failures(try signed(message.bytes, keys, headers: .throughSES), keys) == [nil, nil])
    }

    /// Relays on the way refold headers and change white space; relaxed forms forgive it.
    @Test func changesOfWhiteSpaceAreForgiven() throws {
        let keys = [try TestKeys.rsa()]
        let message = try signed(bytes(RFCExamples.message), keys)
        let text = String(decoding: message, as: UTF8.self)
            .replacing("Subject: Is dinner ready?", with: "SUBJECT :  Is\r\n\tdinner   ready?  ")
            .replacing("the game. Are", with: "the   game.\tAre  ")
            .replacing("Joe.\r\n", with: "Joe. \t\r\n\r\n\r\n")
        #expect(failures(Array(text.utf8), keys) == [nil])
    }

    @Test(arguments: [
        ("Is dinner ready?", "Is lunch ready?"), ("From: Joe", "From: x@example.org\r\nFrom: Joe"),
        ("\r\n\r\nHi.", "\r\nFrom: x@example.org\r\n\r\nHi."), ("To: Suzie", "Reply-To: x@example.org\r\nTo: Suzie"),
        ("To: Suzie", "Content-Type: text/html\r\nTo: Suzie"),
        ("Date: ", "Date: Mon, 1 Jan 2024 00:00:00 +0000\r\nDate: "),
        ("t=1800000000", "t=1800000001"), ("s=r1", "s=R1"),
    ])
    func aChangedOrAddedHeaderBreaksTheSignature(_ old: String, _ new: String) throws {
        let keys = [try TestKeys.rsa()]
        let message = String(decoding: try signed(bytes(RFCExamples.message), keys), as: UTF8.self)
        let changed = message.replacing(old, with: new, maxReplacements: 1)
        #expect(changed != message)
        #expect(failures(Array(changed.utf8), keys) == [.headersChanged])
    }

    @Test func aChangedBodyBreaksTheSignature() throws {
        let keys = [try TestKeys.rsa()]
        let message = try signed(bytes(RFCExamples.message), keys)
        #expect(failures(message + Array("More\r\n".utf8), keys) == [.bodyChanged])
    }
}

extension String {
    fileprivate func components(separatedBy separator: String) -> [String] {
        split(separator: separator, omittingEmptySubsequences: false).map(String.init)
    }
}
