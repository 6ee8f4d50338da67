import Host
import Testing
import Vocabulary

@testable import Doctor

struct DMARCTests {
    @Test func aRecordIsReadWithItsDefaults() throws {
        let plain = try #require(DMARCRecord("v=DMARC1; p=reject"))
        #expect((plain.policy, plain.subdomainPolicy, plain.missingPolicy) == (.reject, .reject, .reject))
        #expect((plain.spf, plain.dkim, plain.publicSuffix) == (.relaxed, .relaxed, .unknown))
        #expect(!plain.isTest && plain.reports.isEmpty)
        let full = try #require(
            DMARCRecord(
                "v = DMARC1 ;P=Quarantine; sp=none;np=reject;aspf=S; adkim=s; psd=n; t=y; rua=mailto:a@b.c, mailto:d@e.f;"
            )
        )
        #expect((full.policy, full.subdomainPolicy, full.missingPolicy) == (.quarantine, .none, .reject))
        #expect((full.spf, full.dkim, full.publicSuffix) == (.strict, .strict, .no))
        #expect(full.isTest && full.reports == ["mailto:a@b.c", "mailto:d@e.f"])
        // A wrong value counts as none; a wrong policy is none where reports are wanted.
        #expect(DMARCRecord("v=DMARC1; p=none; aspf=x; sp=y; unknown=1; nonsense")?.spf == .relaxed)
        #expect(DMARCRecord("v=DMARC1; rua=mailto:a@b.c")?.policy == DMARCRecord.Policy.none)
        #expect(DMARCRecord("v=DMARC1; p=reject; pct=0")?.isTest == true)
    }

    @Test(arguments: [
        "", "v=DMARC1", "v=dmarc1; p=none", "v=DMARC2; p=none", "p=none; v=DMARC1", "v=DMARC1; p=x", "v=spf1 -all",
    ])
    func anotherTextIsNoPolicy(text: String) {
        #expect(DMARCRecord(text) == nil)
    }

    private func walk(_ domain: String, _ records: [(String, String)]) async throws -> DMARCWalk {
        var zone = SPFZone()
        for (name, text) in records { zone.add("_dmarc.\(name)", text.isEmpty ? "TIMEOUT" : "TXT", [text]) }
        return try await DMARCWalk.from(DomainName(domain), zone)
    }

    @Test func theOrganizationIsTheHighestDomainWithARecord() async throws {
        let own = ("example.com", "v=DMARC1; p=reject; sp=none")
        #expect(try await walk("example.com", [own]).organization == "example.com")
        let below = try await walk("a.b.example.com", [own])
        #expect(below.organization == "example.com")
        #expect(below.policy?.domain == "example.com" && below.policy?.policy == DMARCRecord.Policy.none)
        // A name's own record counts before that of its organization.
        let both = try await walk("b.example.com", [own, ("b.example.com", "v=DMARC1; p=quarantine")])
        #expect(both.organization == "example.com" && both.policy?.policy == .quarantine)
        // One in between is neither.
        let between = try await walk("a.b.example.com", [own, ("b.example.com", "v=DMARC1; p=quarantine")])
        #expect(between.policy?.policy == DMARCRecord.Policy.none)
        let alone = try await walk("a.example.com", [])
        #expect(alone.organization == "a.example.com" && alone.policy == nil)
        // Two records count as none, and texts of others are no record.
        let twice = try await walk("a.example.com", [own, own, ("example.com", "x")])
        #expect(twice.policy == nil)
    }

    @Test func aRecordMaySayWhereTheOrganizationIs() async throws {
        let suffix = ("co.example", "v=DMARC1; p=reject; psd=y")
        let shop = ("shop.co.example", "v=DMARC1; p=none")
        #expect(try await walk("a.shop.co.example", [suffix, shop]).organization == "shop.co.example")
        let below = try await walk("a.shop.co.example", [suffix])
        #expect(below.organization == "shop.co.example" && below.policy?.policy == .reject)
        #expect(try await walk("co.example", [suffix]).organization == "co.example")
        let apart = ("dept.example.com", "v=DMARC1; p=none; psd=n")
        let above = ("example.com", "v=DMARC1; p=reject")
        #expect(try await walk("a.dept.example.com", [apart, above]).organization == "dept.example.com")
    }

    @Test func aLongNameHasEightQuestions() {
        let long = (1...20).map { "l\($0)" }.joined(separator: ".") + ".example.com"
        #expect(DMARCWalk.path(long).count == 8)
        #expect(DMARCWalk.path(long)[1] == "l16.l17.l18.l19.l20.example.com")
        #expect(DMARCWalk.path("a.example.com") == ["a.example.com", "example.com", "com"])
    }

    @Test func aNameServerThatFailsIsNoMissingRecord() async {
        await #expect(throws: DNSFailure.timedOut) { try await walk("a.example.com", [("example.com", "")]) }
    }

    @Test func alignmentIsOfOneOrganizationOrOfOneName() throws {
        func identity(_ domain: String, _ organization: String = "example.com") -> DMARCVerdict.Identity {
            DMARCVerdict.Identity(domain: domain, organization: organization)
        }
        func passes(_ record: String, spf: DMARCVerdict.Identity?, dkim: [DMARCVerdict.Identity] = []) throws -> Bool {
            let record = try #require(DMARCRecord(record))
            return DMARCVerdict(from: identity("News.example.com"), spf: spf, dkim: dkim, record).passes
        }
        #expect(try passes("v=DMARC1; p=none", spf: identity("bounce.example.com")))
        #expect(try !passes("v=DMARC1; p=none; aspf=s", spf: identity("bounce.example.com")))
        #expect(try passes("v=DMARC1; p=none; aspf=s", spf: identity("news.Example.com")))
        #expect(try !passes("v=DMARC1; p=none", spf: identity("ses.example", "ses.example")))
        #expect(try !passes("v=DMARC1; p=none", spf: nil))
        let foreign = identity("ses.example", "ses.example")
        #expect(try passes("v=DMARC1; p=none", spf: nil, dkim: [foreign, identity("example.com")]))
        #expect(try !passes("v=DMARC1; p=none; adkim=s", spf: nil, dkim: [foreign, identity("example.com")]))
        #expect(try passes("v=DMARC1; p=none; adkim=s", spf: foreign, dkim: [identity("news.example.com")]))
    }
}
