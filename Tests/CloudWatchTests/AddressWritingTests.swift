import RelayTestSupport
import Testing
import Vocabulary

@testable import CloudWatch

@Suite struct AddressWritingTests {
    private let hashed = AddressWriting(form: .hashed)
    private let masked = AddressWriting(form: .masked)
    /// `printf %s anna@example.com | sha256sum | cut -c1-32`
    private static let digest = "f7d54c22dda5b1780276601cd005909b"

    @Test func anAddressIsWrittenInEachForm() {
        #expect(AddressWriting(form: .whole).address("Anna@Example.com") == "Anna@Example.com")
        #expect(masked.address("anna@example.com") == "a***@example.com")
        #expect(masked.address("üli@example.com") == "ü***@example.com")
        #expect(masked.address("\"a b@c\"@example.com") == "\"***@example.com")
        #expect(masked.address("anna") == "a***")
        for form in AddressForm.allCases { #expect(AddressWriting(form: form).address("") == "") }
    }

    @Test func aDigestIsTheSameOnEveryNodeAndInCapitals() {
        #expect(hashed.address("anna@example.com") == "\(Self.digest)@example.com")
        #expect(hashed.address("Anna@Example.COM") == "\(Self.digest)@example.com")
        #expect(hashed.address("bert@example.com") != hashed.address("anna@example.com"))
        #expect(hashed.address("anna").utf8.count == 32)
    }

    @Test func aMessageIDKeepsItsBrackets() {
        #expect(masked.messageID("<anna.1@example.com>") == "<a***@example.com>")
        #expect(hashed.messageID("<anna@example.com>") == "<\(Self.digest)@example.com>")
        #expect(masked.messageID("anna.1@example.com") == "a***@example.com")
        #expect(masked.messageID("<>") == "<***")
    }

    @Test(arguments: [
        ("550 5.1.1 <anna@example.com>: unknown", "550 5.1.1 <a***@example.com>: unknown"),
        ("no such user anna@example.com. Bye", "no such user a***@example.com. Bye"),
        ("anna@example.com,bert@example.org", "a***@example.com,b***@example.org"),
        ("to anna@[192.0.2.1] and b@[IPv6:::1]", "to a***@[192.0.2.1] and b***@[IPv6:::1]"),
        ("<\"anna b\"@example.com>", "<\"***@example.com>"),
        ("bounce anna=example.com@lists.example.org", "bounce a***@lists.example.org"),
        ("(üli@exämple.com)", "(ü***@exämple.com)"), ("a@b@example.com", "a***@b@example.com"),
        ("@example.com", "@example.com"), ("at 5 @ 6", "at 5 @ 6"), ("anna@", "anna@"), ("", ""), ("@", "@"),
        ("queued as 3F2A1B00C4", "queued as 3F2A1B00C4"),
    ])
    func addressesInATextAreTreatedEqually(text: String, expected: String) {
        #expect(masked.text(text) == expected)
        #expect(AddressWriting(form: .whole).text(text) == text)
    }

    @Test func aLocalPartThatATextQuotesIsTreatedEqually() {
        let text = "unknown user: \"anna\"; <anna>: 'anna' rejected; anna is a name"
        let expected = "unknown user: \"a***\"; <a***>: 'a***' rejected; anna is a name"
        #expect(masked.text(text, about: ["anna@example.com", nil, "", "@x"]) == expected)
        #expect(!hashed.text("unknown user: \"anna\"", about: ["anna@example.com"]).contains("anna"))
    }

    @Test func noAddressLeavesThroughAnyTextFuzz() async {
        await fuzz(500) { chance in
            let text = chance.mutation(of: ["550 <anna@example.com>: no", "to=\"a b\"@[192.0.2.1], anna@example.com."])
            #expect(!masked.text(text).contains("anna@example.com"), "\(chance)")
        }
    }
}
