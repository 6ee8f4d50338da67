import Host
import Signer
import Testing
import Vocabulary

@testable import Doctor

/// A whole domain, from its records to the report.
struct DomainDoctorTests {
    /// A domain with all that receivers want.
    static func good() throws -> DomainZone {
        var zone = DomainZone()
        zone.set("example.org", texts: ["x=1", "v=spf1 ip4:192.0.2.25 -all"])
        zone.set("relay._domainkey.example.org", texts: [DKIMSamples.rsa2048])
        zone.set("_dmarc.example.org", texts: ["v=DMARC1; p=quarantine"])
        zone.set("example.org", exchangers: ["mx.example.org"])
        try zone.set("mx.example.org", addresses: ["192.0.2.10"])
        try zone.set("mail.example.org", addresses: ["192.0.2.25"])
        try zone.set("192.0.2.25", names: ["mail.example.org"])
        return zone
    }

    static func report(
        _ zone: DomainZone,
        selectors: [String] = ["relay"],
        asksBlockLists: Bool = true,
        _ change: (inout MailWay) throws -> Void = { _ in }
    ) async throws -> DomainReport {
        var way = MailWay(greeting: "mail.example.org", tlsLevel: "may")
        way.addresses = [try IPAddress("192.0.2.25")]
        try change(&way)
        let question = DomainQuestion(
            domain: try DomainName("example.org"),
            selectors: try selectors.map { try ExaminedSelector($0) },
            asksBlockLists: asksBlockLists
        )
        return await DomainDoctor(question: question, way: way, names: zone).report()
    }

    private func names(_ report: DomainReport) -> [String] { report.report.findings.map(\.name) }

    @Test func aGoodDomainHasATableAndNoFinding() async throws {
        let report = try await Self.report(Self.good())
        let lists = "zen.spamhaus.org, bl.spamcop.net and psbl.surriel.com"
        #expect(
            report.text == """
                example.org, as receivers see it
                  leaves by  ok  192.0.2.25
                  SPF        ok  example.org: v=spf1 ip4:192.0.2.25 -all
                  SPF        ok  192.0.2.25: pass, as 'ip4:192.0.2.25' in the record of example.org matches
                  DKIM       ok  relay._domainkey.example.org: an RSA key of 2048 bits
                  DMARC      ok  policy quarantine, of example.org
                  DMARC      ok  SPF passes, aligned; DKIM passes, aligned
                  PTR        ok  192.0.2.25 has the name mail.example.org, which leads back to it
                  greeting   ok  mail.example.org (192.0.2.25)
                  TLS        ok  smtp_tls_security_level = may: TLS where a receiver offers it
                  lists      ok  192.0.2.25 is not on \(lists)
                  bounces    ok  MX 10 mx.example.org (192.0.2.10)

                Nothing found.

                """
        )
        #expect(report.exitStatus == 0 && report.records.isEmpty)
        #expect(report.json.contains(#""table" : ["#) && report.json.contains(#""records" : ["#))
    }

    /// Each fault is named, and its records mend it.
    @Test(arguments: [
        "no-spf", "several-spf-records", "spf-without-relay", "spf-allows-everybody", "dkim-test-mode", "no-dmarc",
        "several-dmarc-records", "dmarc-broken", "no-reverse-dns", "reverse-dns-mismatch", "greeting-does-not-resolve",
    ])
    func theRecordsThatItPrintsMendWhatItFound(name: String) async throws {
        var zone = try Self.good()
        switch name {
        case "no-spf": zone.set("example.org", texts: ["x=1"])
        case "several-spf-records": zone.set("example.org", texts: ["v=spf1 a -all", "v=spf1 mx ~all"])
        case "spf-without-relay": zone.set("example.org", texts: ["v=spf1 mx -all", "x=1"])
        case "spf-allows-everybody": zone.set("example.org", texts: ["v=spf1 mx +all"])
        case "dkim-test-mode":
            let tested = DKIMSamples.rsa2048.replacing("k=rsa", with: "t=y:s; k=rsa")
            zone.set("relay._domainkey.example.org", texts: [tested])
        case "no-dmarc": zone.set("_dmarc.example.org", texts: [])
        case "several-dmarc-records":
            zone.set("_dmarc.example.org", texts: ["v=DMARC1; p=none", "v=DMARC1; p=reject"])
        case "dmarc-broken": zone.set("_dmarc.example.org", texts: ["v=DMARC1; p=all"])
        case "no-reverse-dns": try zone.set("192.0.2.25", names: [])
        case "reverse-dns-mismatch": try zone.set("192.0.2.25", names: ["other.example.org", "mail.example.org"])
        default: try zone.set("mail.example.org", addresses: [])
        }
        if name == "reverse-dns-mismatch" { try zone.set("mail.example.org", addresses: ["192.0.2.26"]) }
        let before = try await Self.report(zone)
        #expect(names(before).contains(name), "\(names(before))")
        #expect(before.exitStatus == 2 && !before.records.isEmpty)
        #expect(before.text.contains("\nPublish in DNS:\n"))
        for record in before.records {
            #expect(before.text.contains("\n\(record.zoneLine)\n"))
            try zone.publish(record)
        }
        let after = try await Self.report(zone)
        #expect(names(after).filter { $0 != "greeting-is-not-reverse-name" } == [], "\(after.text)")
    }

    @Test func anAddressWithoutANameGetsBothRecords() async throws {
        var zone = try Self.good()
        try zone.set("192.0.2.25", names: [])
        #expect(
            try await Self.report(zone).records.map(\.zoneLine) == [
                "25.2.0.192.in-addr.arpa. 3600 IN PTR mail.example.org."
            ]
        )
        // A name that leads elsewhere leads to this address first, as AWS wants it.
        try zone.set("mail.example.org", addresses: ["10.0.1.10"])
        #expect(
            try await Self.report(zone).records.map(\.zoneLine) == [
                "mail.example.org. 3600 IN A 192.0.2.25", "25.2.0.192.in-addr.arpa. 3600 IN PTR mail.example.org.",
            ]
        )
        // Nodes behind one NAT gateway greet with names of their own, so that none of them is the address's.
        let shared = try await Self.report(zone) { $0.isOwn = false }
        #expect(names(shared) == ["no-reverse-dns"] && shared.records.isEmpty)
    }

    @Test func aDomainThatNothingVouchesForFailsDMARCBelowTheCause() async throws {
        var zone = try Self.good()
        zone.set("example.org", texts: ["v=spf1 -all"])
        zone.set("relay._domainkey.example.org", texts: [])
        let report = try await Self.report(zone)
        #expect(names(report) == ["spf-without-relay", "dmarc-fails", "dkim-no-record"])
        #expect(report.report.causes.map(\.name) == ["spf-without-relay", "dkim-no-record"])
        // One of the two is enough.
        zone.set("relay._domainkey.example.org", texts: [DKIMSamples.ed25519])
        #expect(try await names(Self.report(zone)) == ["spf-without-relay"])
    }

    @Test func withASmarthostItsAddressesAreNotJudged() async throws {
        var zone = DomainZone()
        zone.set("_dmarc.example.org", texts: ["v=DMARC1; p=none"])
        try zone.set("example.org", addresses: ["192.0.2.80"])
        func report() async throws -> DomainReport {
            try await Self.report(zone, selectors: []) { way in
                (way.smarthost, way.addresses, way.tlsLevel) = ("[smarthost.example.net]:587", [], "none")
            }
        }
        let unknown = try await report()
        #expect(names(unknown).isEmpty)
        #expect(
            unknown.text.hasSuffix("\nNothing found. Not known from here: leaves by, SPF, DKIM, DMARC.\n"),
            "\(unknown.text)"
        )
        zone.set("example.org", texts: ["v=spf1 mx +all"])
        #expect(try await names(report()) == ["spf-allows-everybody"])
    }

    @Test func aNameServerThatFailsIsNoMissingRecord() async throws {
        var zone = try Self.good()
        zone.silent = [
            "example.org", "relay._domainkey.example.org", "_dmarc.example.org", "mail.example.org",
            "25.2.0.192.zen.spamhaus.org",
        ]
        let report = try await Self.report(zone)
        #expect(Set(names(report)) == ["examination-failed"])
        for part in ["SPF", "DKIM", "DMARC", "PTR", "bounces"] {
            #expect(report.lines.contains { $0.part == part && $0.verdict == .unknown }, "\(part): \(report.text)")
        }
    }

    @Test func anAddressThatIsNotFoundIsSaid() async throws {
        let report = try await Self.report(Self.good()) { way in
            way.addresses = []
            way.failures = [Finding(.missingPermission, seen: "s")]
        }
        #expect(names(report) == ["missing-permission"])
        #expect(report.lines.first?.verdict == .unknown && report.text.contains("no address that could be found"))
    }

    @Test func anAddressOfIPv6IsJudgedToo() async throws {
        var zone = try Self.good()
        func found() async throws -> [String] {
            try await names(Self.report(zone) { $0.addresses.append(try IPAddress("2001:db8::25")) })
        }
        #expect(try await found() == ["spf-without-relay", "ipv6-without-name"])
        zone.set("example.org", texts: ["v=spf1 ip4:192.0.2.25 ip6:2001:db8::25 -all"])
        try zone.set("2001:db8::25", names: ["six.example.org"])
        try zone.set("six.example.org", addresses: ["2001:db8::25"])
        #expect(try await found().isEmpty)
    }

    @Test func theGreetingsOwnSPFRecordCounts() async throws {
        var zone = try Self.good()
        zone.set("mail.example.org", texts: ["v=spf1 -all"])
        let report = try await Self.report(zone)
        #expect(names(report) == ["spf-without-relay"])
        #expect(report.records.map(\.name) == ["mail.example.org"])
    }

    @Test func textFromOutsideForgesNoLine() async throws {
        var zone = try Self.good()
        zone.set("example.org", texts: ["v=spf1 -all\n  DKIM ok forged"])
        let report = try await Self.report(zone)
        #expect(!report.text.contains("\n  DKIM ok forged"))
    }
}

struct RecordToPublishTests {
    @Test func aLongTextIsSplitAndQuotedForAZoneFile() {
        let text = String(repeating: "a", count: 255) + #""b"c\"#
        let record = RecordToPublish("k.example.org", .txt, text)
        #expect(
            record.zoneLine
                == #"k.example.org. 3600 IN TXT "\#(String(repeating: "a", count: 255))" "\"b\"c\\""#
        )
    }
    /// A character of several bytes may stand on the seam of two strings, and a control character forges no line.
    @Test func bytesThatAreNoPrintableASCIIAreNumbers() {
        #expect(RecordToPublish.quotedStrings(of: "ä\n\u{7F}~ ") == #""\195\164\010\127~ ""#)
        let seam = RecordToPublish.quotedStrings(of: String(repeating: "a", count: 254) + "ä")
        #expect(seam.hasSuffix(#"a\195" "\164""#))
        #expect(RecordToPublish.quotedStrings(of: "") == #""""#)
    }

    @Test func eachKindHasItsForm() throws {
        let six = try IPAddress("2001:db8::25")
        #expect(
            RecordToPublish("m.example.org", leadingTo: six).zoneLine == "m.example.org. 3600 IN AAAA 2001:db8::25"
        )
        #expect(
            RecordToPublish(naming: try IPAddress("192.0.2.25"), "m.example.org").zoneLine
                == "25.2.0.192.in-addr.arpa. 3600 IN PTR m.example.org."
        )
    }
}
