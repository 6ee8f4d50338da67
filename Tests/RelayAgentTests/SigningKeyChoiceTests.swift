import Host
import Resources
import Signer
import Testing

@testable import RelayAgent

/// The keys that sign, by what DNS has of them.
struct SigningKeyChoiceTests {
    private static let pem = (try? PrivateKey.generate(.ed25519).pem) ?? ""

    private func entry(_ selector: String, _ domain: String = "example.com") -> SigningKeyRing.Entry {
        SigningKeyRing.Entry(domain: domain, selector: selector, source: "/\(selector)", pem: Self.pem)
    }

    /// - Parameter published: The selectors that receivers can verify.
    private func choice(
        _ wanted: [SigningKeyRing.Entry],
        current: [SigningKeyRing.Entry] = [],
        published: Set<String>
    ) async throws -> SigningKeyChoice {
        try await SigningKeyChoice(SigningKeyRing(entries: wanted, isThroughSES: false), current: current) { entries in
            entries.map { published.contains($0.selector) ? .published : .unpublished(.missing) }
        }
    }

    @Test func publishedKeysAllSign() async throws {
        let wanted = [entry("a"), entry("b"), entry("c", "example.org")]
        let choice = try await choice(wanted, published: ["a", "b", "c"])
        #expect(choice.ring.entries.map(\.selector) == ["a", "b", "c"])
        #expect(choice.waiting.isEmpty && choice.unverifiable.isEmpty)
    }

    @Test func aNewKeyWaitsForItsRecordWhileTheOldOneSigns() async throws {
        let choice = try await choice([entry("old"), entry("new")], current: [entry("old")], published: ["old"])
        #expect(choice.ring.entries.map(\.selector) == ["old"] && choice.unverifiable.isEmpty)
        let waiting = try #require(choice.waiting.first)
        #expect(waiting.whyItWaits.contains("new._domainkey.example.com is not in DNS"))
        #expect(waiting.whyItWaits.contains("signed under old"))
        #expect(waiting.whyItWaits.contains("\"v=DKIM1; k=ed25519; p="))
    }

    @Test func aKeyThatTheSettingsHaveGivenUpGoesOnUntilTheNewOneIsPublished() async throws {
        let before = try await choice([entry("new")], current: [entry("old")], published: ["old"])
        #expect(before.ring.entries.map(\.selector) == ["old"])
        #expect(before.waiting.map(\.record.name) == ["new._domainkey.example.com"] && before.unverifiable.isEmpty)
        let after = try await choice([entry("new")], current: [entry("old")], published: ["old", "new"])
        #expect(after.ring.entries.map(\.selector) == ["new"] && after.waiting.isEmpty)
    }

    @Test func aDomainThatTheSettingsHaveGivenUpIsNotSigned() async throws {
        let choice = try await choice([entry("new")], current: [entry("old", "example.org")], published: ["old"])
        #expect(choice.ring.entries.map(\.selector) == ["new"] && choice.unverifiable.count == 1)
    }

    @Test func eachDomainNeedsAKeyOfItsOwn() async throws {
        let choice = try await choice([entry("a"), entry("b", "example.org")], published: ["a"])
        #expect(choice.ring.entries.map(\.selector) == ["a", "b"] && choice.waiting.isEmpty)
        #expect(choice.unverifiable.map(\.record.name) == ["b._domainkey.example.org"])
        let text = "\(UnverifiableSignatures(keys: choice.unverifiable))"
        for words in [
            "b._domainkey.example.org is not in DNS", "publish this TXT record", "\"v=DKIM1; k=ed25519; p=",
            "mail.allow_unpublished_dkim",
        ] {
            #expect(text.contains(words), "\(text)")
        }
    }

    @Test func theAnswersOfDNSAreToldApart() async throws {
        func text(_ standing: KeyStanding) async throws -> String {
            let ring = SigningKeyRing(entries: [entry("a")], isThroughSES: false)
            let choice = try await SigningKeyChoice(ring, current: []) { _ in [standing] }
            return try #require(choice.unverifiable.first).why
        }
        #expect(try await text(.unpublished(.otherKey)).contains("another key than the one that signs; in place of"))
        #expect(try await text(.unpublished(.testing)).contains("t=y"))
        #expect(try await text(.unpublished(.unusable("k=x"))).contains("can't be used: k=x"))
        #expect(try await text(.unpublished(.revoked)).hasSuffix("sign under another selector"))
        #expect(try await text(.unanswered(.timedOut)).contains("not be asked for a._domainkey.example.com: no answer"))
    }
}
