import Testing
import Vocabulary

/// The rules about senders, and the addresses that mail leaves with.
struct SenderRulesTests {
    @Test(arguments: [
        ("example.com", "a", "example.com", true), ("example.com", "a", "sub.example.com", false),
        ("example.com", "a", "notexample.com", false), (".example.com", "a", "sub.example.com", true),
        (".example.com", "a", "a.b.example.com", true), (".example.com", "a", "example.com", false),
        (".example.com", "a", "notexample.com", false), ("billing@example.org", "billing", "example.org", true),
        ("Billing@Example.org", "BILLING", "example.org", true),
        ("billing@example.org", "billing+june", "example.org", true),
        ("billing@example.org", "billings", "example.org", false), ("billing@example.org", "x", "example.org", false),
        ("billing@example.org", "billing", "sub.example.org", false),
    ])
    func patterns(_ pattern: String, _ name: String, _ domain: String, _ contains: Bool) throws {
        #expect(try SenderPattern(pattern).contains(localPart: name, domain: domain) == contains)
    }

    @Test func theSmallestNetworkCounts() throws {
        var rules = SenderRules()
        #expect(rules.patterns(for: nil) == nil)
        rules.clients = [
            try ClientSenders("10.0.0.0/16=a.example"), try ClientSenders("10.0.1.0/24=b.example:.c.example"),
        ]
        #expect(rules.patterns(for: try IPAddress("10.0.1.7"))?.map(\.description) == ["b.example", ".c.example"])
        #expect(rules.patterns(for: try IPAddress("10.0.2.7"))?.map(\.description) == ["a.example"])
        // Without mail.senders, all others may send as anybody.
        #expect(rules.patterns(for: try IPAddress("10.1.0.1")) == nil)
        rules.senders = [try SenderPattern("d.example")]
        #expect(rules.patterns(for: try IPAddress("10.1.0.1"))?.map(\.description) == ["d.example"])
        #expect(rules.patterns(for: nil)?.map(\.description) == ["d.example"])
    }

    @Test(arguments: [
        ("root", "ip-10-0-1-10.ec2.internal", "ops@example.com"), ("app", "web.example.com", "app@example.com"),
        ("app", "example.com", "app@example.com"), ("x", "other.example", "x@other.example"),
        ("Special", "ip-10-0-1-10.ec2.internal", "one@example.com"), ("a", "deep.x.internal", "two@example.com"),
        ("a", "chain.example", "ops@example.com"),
    ])
    func addressesLeaveAs(_ name: String, _ domain: String, _ expected: String) throws {
        var rewriting = SenderRewriting()
        rewriting.masquerade = [try DomainName("example.com")]
        rewriting.map = try [
            ".x.internal=two@web.example.com", ".ec2.internal=ops@example.com",
            "special@ip-10-0-1-10.ec2.internal=one@example.com", "chain.example=a@host.ec2.internal",
        ].map { try SenderMapping($0) }
        let left = try #require(rewriting.leaving(localPart: name, domain: domain))
        #expect("\(left.localPart)@\(left.domain)" == expected)
    }
}
