import Host
import Signer
import Testing
import Vocabulary

@testable import Doctor

struct DKIMExaminationTests {
    private let name = "relay._domainkey.example.org"

    private func reading(_ texts: [String], wanted: String? = nil) async throws -> DKIMExamination.Reading {
        var zone = DomainZone()
        zone.set(name, texts: texts)
        let record = wanted.map { PublicKeyRecord(name: name, value: $0) }
        return await DKIMExamination(
            domain: try DomainName("example.org"),
            selectors: [ExaminedSelector(name: "relay", wanted: record)],
            names: zone
        ).reading()
    }

    private func found(_ texts: [String], wanted: String? = nil) async throws -> [String] {
        try await reading(texts, wanted: wanted).part.findings.map { "\($0.severity) \($0.name)" }
    }

    @Test func aKeyIsLongEnoughOrNamed() async throws {
        #expect(try await found([DKIMSamples.rsa2048]).isEmpty)
        #expect(try await found([DKIMSamples.ed25519]).isEmpty)
        #expect(try await found([DKIMSamples.rsa1024]) == ["info dkim-key-weak"])
        #expect(try await found([DKIMSamples.rsa512]) == ["warning dkim-broken"])
        #expect(try await reading([DKIMSamples.ed25519]).part.lines.map(\.seen) == ["\(name): an Ed25519 key"])
        // A weak key verifies all the same.
        #expect(try await reading([DKIMSamples.rsa1024]).passes == true)
    }

    @Test func aRecordThatReceiversCantUseIsNamed() async throws {
        let cases: [([String], String)] = [
            ([], "warning dkim-no-record"), ([DKIMSamples.rsa2048, "x"], "warning dkim-several-records"),
            (["v=DKIM1; p="], "warning dkim-revoked"), (["v=DKIM1; p=!"], "warning dkim-broken"),
            (["v=DKIM2; p=AA=="], "warning dkim-broken"), (["nonsense"], "warning dkim-broken"),
            (["v=DKIM1; t=y; k=ed25519; p=cNqTutjypeJRfPbzaAiKh0//ozFnmNt4JK7PtBCa92w="], "warning dkim-test-mode"),
        ]
        for (texts, name) in cases {
            #expect(try await found(texts) == [name])
            #expect(try await reading(texts).passes == false)
        }
    }

    @Test func theRecordOfAKnownKeyIsTheCure() async throws {
        let cases: [([String], String)] = [
            ([], "dkim-no-record"), (["a", "b"], "dkim-several-records"), (["v=DKIM1; p=!"], "dkim-broken"),
            ([DKIMSamples.ed25519], "dkim-key-differs"),
        ]
        for (texts, kind) in cases {
            let finding = try #require(try await reading(texts, wanted: DKIMSamples.rsa2048).part.findings.first)
            #expect(finding.name == kind)
            #expect(finding.records.map(\.value) == [DKIMSamples.rsa2048] && finding.records.map(\.name) == [name])
            #expect((finding.records.first?.replaced == nil) == texts.isEmpty)
        }
        // Other tags and spaces make no other key.
        let spaced = "k=rsa;p=" + (DKIMSamples.rsa2048.split(separator: "p=").last ?? "")
        #expect(try await found([spaced], wanted: DKIMSamples.rsa2048).isEmpty)
        #expect(try await reading([], wanted: nil).part.findings.first?.records.isEmpty == true)
    }

    @Test func theFlagOfTestModeIsTakenOutAndNothingElse() async throws {
        let tested = "v=DKIM1; t = y : s; h=sha256; " + DKIMSamples.ed25519.dropFirst("v=DKIM1; ".count)
        let records = try await reading([tested]).part.findings.flatMap(\.records)
        #expect(
            records.map(\.value) == [
                "v=DKIM1; t=s; h=sha256; k=ed25519; p=cNqTutjypeJRfPbzaAiKh0//ozFnmNt4JK7PtBCa92w="
            ]
        )
    }

    @Test func severalSelectorsAreEachLookedAt() async throws {
        var zone = DomainZone()
        zone.set("b._domainkey.example.org", texts: [DKIMSamples.ed25519])
        let reading = await DKIMExamination(
            domain: try DomainName("example.org"),
            selectors: [try ExaminedSelector("a"), try ExaminedSelector("B")],
            names: zone
        ).reading()
        #expect(reading.part.findings.map(\.subject) == ["a._domainkey.example.org"] && reading.passes == true)
    }

    @Test func theKeysOfTheSettingsAreKnown() async throws {
        func key(_ text: String, _ value: String?) throws -> ExaminedSelector {
            struct Unreadable: Error, CustomStringConvertible { let description = "no such file" }
            let key = try DKIMKey(text)
            let record = value.map { PublicKeyRecord(name: key.recordName, value: $0) }
            return ExaminedSelector(key, record: record.map { .success($0) } ?? .failure(Unreadable()))
        }
        let keys = [
            try key("example.org=r1:/k", DKIMSamples.ed25519), try key("example.org=r2:/l", nil),
            try key("example.net=r3:/k", DKIMSamples.ed25519),
        ]
        var zone = DomainZone()
        for name in ["r1", "r2", "more"] { zone.set("\(name)._domainkey.example.org", texts: [DKIMSamples.rsa2048]) }
        func findings(_ domain: String, named: [String]) async throws -> [String] {
            let question = DomainQuestion(
                domain: try DomainName(domain),
                selectors: try named.map { try ExaminedSelector($0) },
                asksBlockLists: false
            ).adding(keys)
            let examination = DKIMExamination(domain: question.domain, selectors: question.selectors, names: zone)
            let reading = await examination.reading()
            #expect(reading.part.lines.count == 2 + named.count { $0 == "more" })
            return reading.part.findings.map(\.name)
        }
        // A selector that a person names as well is looked at once, with its key.
        let expected = ["dkim-key-differs", "examination-failed"]
        #expect(try await findings("example.org", named: ["r1", "more"]) == expected)
        // The mail of a subdomain is signed by its parent's keys.
        #expect(try await findings("news.example.org", named: []) == expected)
        let examination = SigningExamination(readKeys: { [keys[2]] }, names: zone)
        let found = await examination.findings()
        #expect(found.map(\.name) == ["dkim-no-record"])
        let line = "r3._domainkey.example.net. 3600 IN TXT \"v=DKIM1; k=ed25519; p="
        #expect(found.first?.fix.contains(line) == true)
    }

    @Test(arguments: ["", "a..b", "a b", "a;b", ".a", "ä"])
    func aTextThatIsNoSelectorIsRefused(text: String) {
        #expect(throws: InvalidValue.self) { try ExaminedSelector(text) }
    }
}

struct DMARCExaminationTests {
    private func part(
        _ records: [(String, [String])],
        _ domain: String = "news.example.org",
        spf: Bool? = true,
        dkim: Bool? = true
    ) async throws -> DomainPart {
        var zone = DomainZone()
        for (name, texts) in records { zone.set("_dmarc.\(name)", texts: texts) }
        return try await DMARCExamination(domain: DomainName(domain), spf: spf, dkim: dkim, names: zone).part()
    }

    @Test func theOrganizationsRecordCounts() async throws {
        let part = try await part([("example.org", ["v=DMARC1; p=reject; sp=quarantine; t=y"])])
        #expect(part.findings.isEmpty)
        #expect(part.lines.first?.seen == "policy quarantine, only tested, of example.org")
        #expect(try await self.part([("org", ["x"])]).findings.map(\.name) == ["no-dmarc"])
    }

    @Test(arguments: ["v=dmarc1; p=none", "v=DMARC1", "v = DMARC1 p=none", "v=DMARC2; p=none"])
    func aRecordThatReceiversPassOverIsNamed(text: String) async throws {
        let found = try await part([("news.example.org", [text])]).findings
        #expect(found.map(\.name) == ["dmarc-broken"])
        #expect(found.first?.records.map(\.value) == ["v=DMARC1; p=none"])
        #expect(found.first?.records.first?.replaced == "the TXT record of _dmarc.news.example.org")
    }

    @Test func aPolicyNeedsOneOfSPFAndDKIM() async throws {
        let record = [("example.org", ["v=DMARC1; p=none"])]
        func verdicts(_ spf: Bool?, _ dkim: Bool?) async throws -> [String] {
            let part = try await part(record, spf: spf, dkim: dkim)
            return part.findings.map(\.name) + part.lines.dropFirst().map(\.verdict.rawValue)
        }
        #expect(try await verdicts(true, false) == ["ok"])
        #expect(try await verdicts(false, true) == ["ok"])
        #expect(try await verdicts(nil, nil) == ["unknown"])
        #expect(try await verdicts(nil, false) == ["unknown"])
        #expect(try await verdicts(false, false) == ["dmarc-fails", "warning"])
        #expect(try await verdicts(false, nil) == ["dmarc-fails", "warning"])
        let strict = try await part([("example.org", ["v=DMARC1; p=reject"])], spf: false, dkim: false)
        #expect(strict.findings.first?.why == "its policy asks receivers to reject such mail")
    }
}

struct BlockListExaminationTests {
    private let entry = "25.2.0.192.list.example"

    private func part(_ zone: DomainZone, of address: String = "192.0.2.25") async throws -> DomainPart {
        let list = BlockList(zone: "list.example")
        return await BlockListExamination(addresses: [try IPAddress(address)], lists: [list], names: zone).part()
    }

    @Test func anAddressOnAListIsFoundWithItsReason() async throws {
        var zone = DomainZone()
        try zone.set(entry, addresses: ["127.0.0.2"])
        zone.set(entry, texts: ["see https://list.example/192.0.2.25"])
        let found = try await part(zone).findings
        #expect(found.map(\.name) == ["on-block-list"])
        #expect(found.first?.seen == "192.0.2.25 is on list.example: see https://list.example/192.0.2.25")
        #expect(try await part(DomainZone()).lines.map(\.verdict) == [.ok])
    }

    @Test func aListThatDoesNotAnswerRightSaysNothing() async throws {
        var refusing = DomainZone()
        try refusing.set(entry, addresses: ["127.255.255.254"])
        var everybody = DomainZone()
        try everybody.set(entry, addresses: ["127.0.0.2"])
        try everybody.set("1.0.0.127.list.example", addresses: ["127.0.0.2"])
        var parked = DomainZone()
        try parked.set(entry, addresses: ["198.51.100.1"])
        var silent = DomainZone()
        silent.silent = [entry]
        for zone in [refusing, everybody, parked, silent] {
            let part = try await part(zone)
            #expect(part.findings.isEmpty && part.lines.map(\.verdict) == [.unknown], "\(part.lines)")
        }
    }

    @Test func aListIsAskedForTheReversedAddress() throws {
        let list = BlockList(zone: "list.example")
        #expect(list.name(of: try IPAddress("192.0.2.25")) == entry)
        let six = list.name(of: try IPAddress("2001:db8::1"))
        #expect(six.hasPrefix("1.0.0.0.") && six.hasSuffix(".8.b.d.0.1.0.0.2.list.example"))
    }

    /// Refuses any question.
    private struct Unasked: DNSAnswering {
        func records(_ name: String, _ kind: DNSRecord.Kind) async throws(DNSFailure) -> [DNSRecord] {
            Issue.record("\(name) was asked for")
            return []
        }
    }

    @Test func listsThatAreSwitchedOffAreNotAsked() async throws {
        let address = try IPAddress("192.0.2.25")
        let part = await BlockListExamination(addresses: [address], lists: [], names: Unasked()).part()
        #expect(part.lines.map(\.seen) == ["block lists were not asked"] && part.findings.isEmpty)
        let report = try await DomainDoctorTests.report(DomainDoctorTests.good(), asksBlockLists: false)
        #expect(report.text.contains("block lists were not asked"))
    }
}

struct BounceWayExaminationTests {
    private func part(_ exchangers: [String], _ hosts: [String: String] = [:]) async throws -> DomainPart {
        var zone = DomainZone()
        zone.set("example.org", exchangers: exchangers)
        for (name, address) in hosts { try zone.set(name, addresses: [address]) }
        return try await BounceWayExamination(domain: DomainName("example.org"), names: zone).part()
    }

    private func found(_ exchangers: [String], _ hosts: [String: String] = [:]) async throws -> [String] {
        try await part(exchangers, hosts).findings.map { "\($0.severity) \($0.name)" }
    }

    @Test func bouncesNeedAHost() async throws {
        #expect(try await found(["mx.example.net"], ["mx.example.net": "192.0.2.10"]).isEmpty)
        #expect(try await found([], ["example.org": "2001:db8::1"]).isEmpty)
        #expect(try await found([]) == ["warning bounces-lost"])
        // A null MX record counts before the domain's address.
        #expect(try await found([""], ["example.org": "192.0.2.10"]) == ["warning bounces-lost"])
        #expect(try await found(["mx.example.net"]) == ["warning mx-without-address"])
        let two = try await part(["a.example.net", "b.example.net"], ["b.example.net": "192.0.2.10"])
        #expect(two.findings.map { "\($0.severity) \($0.name)" } == ["info mx-without-address"])
        #expect(two.lines.map(\.seen) == ["MX 20 b.example.net (192.0.2.10)"])
    }
}

struct OutboundTLSExaminationTests {
    @Test func mailWithoutTLSIsFound() {
        for level in ["", "none"] {
            #expect(OutboundTLSExamination(level: level).part().findings.map(\.name) == ["outbound-tls-off"])
        }
        for level in ["may", "dane", "encrypt", "secure"] {
            #expect(OutboundTLSExamination(level: level).part().findings.isEmpty)
        }
    }
}
