import Testing

@testable import Signer

/// Mail that another relay of the fleet has signed is not signed again.
struct OwnSignaturesTests {
    private static let text = "From: a@example.com\nTo: b@example.net\nSubject: x\n\nHello.\n"

    private func signatures(_ message: [UInt8], _ keys: [SigningKey], at time: Int = 1_800_000_100) throws -> Int {
        let again = try signed(message, keys, at: time)
        return SignedMessage(again).signatures.count
    }

    @Test func aSignatureThatHoldsIsEnough() throws {
        for key in [try TestKeys.rsa(), try TestKeys.ed25519()] {
            let message = try signed(bytes(Self.text), [key])
            #expect(try signatures(message, [key]) == 1)
        }
    }

    @Test func headersOfTheWayDoNotMatter() throws {
        let key = try TestKeys.ed25519()
        let message = bytes("Received: by r1\n") + (try signed(bytes(Self.text), [key]))
        #expect(try signatures(message, [key]) == 1)
    }

    @Test func eachKeyIsLookedForByItself() throws {
        let (rsa, ed25519) = (try TestKeys.rsa(), try TestKeys.ed25519())
        let message = try signed(bytes(Self.text), [rsa])
        #expect(try signatures(message, [rsa, ed25519]) == 2)
        let again = try signed(message, [rsa, ed25519])
        #expect(failures(again, [rsa, ed25519]) == [nil, nil])
    }

    @Test(arguments: [
        ("Hello.", "Bye."), ("Subject: x", "Subject: y"), ("bh=", "bh=A"), ("s=e1", "s=e2"), ("v=1", "v=2"),
    ])
    func oneThatDoesNotHoldIsNone(part: String, other: String) throws {
        let key = try TestKeys.ed25519()
        let message = String(decoding: try signed(bytes(Self.text), [key]), as: UTF8.self)
        let changed = message.replacing(part, with: other)
        #expect(changed != message)
        let again = try signed(Array(changed.utf8), [key])
        #expect(SignedMessage(again).signatures.count == 2)
        #expect(failures(again, [key]).first == .some(nil))
    }

    @Test func anExpiredOneIsNone() throws {
        let key = try TestKeys.ed25519()
        let message = try signed(bytes(Self.text), [key], lifetime: 100)
        #expect(try signatures(message, [key], at: 1_800_000_099) == 1)
        #expect(try signatures(message, [key], at: 1_800_000_100) == 2)
    }

    @Test func nobodyHidesASignatureBehindMany() throws {
        let key = try TestKeys.ed25519()
        let noise = String(repeating: "DKIM-Signature: v=1\n", count: 1000)
        let again = try signed(bytes(noise + Self.text), [key])
        #expect(failures(again, [key]).first == .some(nil))
    }
}
