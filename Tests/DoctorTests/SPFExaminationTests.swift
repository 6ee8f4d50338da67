import Host
import Testing
import Vocabulary

@testable import Doctor

struct SPFExaminationTests {
    private func findings(
        _ records: [String],
        _ addresses: [String] = ["192.0.2.25"],
        _ further: [(String, String, [String])] = []
    ) async throws -> [Finding] {
        var zone = SPFZone()
        for record in records { zone.add("example.com", "TXT", [record]) }
        for (name, kind, values) in further { zone.add(name, kind, values) }
        let examination = SPFExamination(
            domain: try DomainName("example.com"),
            addresses: try addresses.map { try IPAddress($0) },
            greeting: "mail.example.com",
            names: zone
        )
        return await examination.findings()
    }

    private func found(
        _ records: [String],
        _ addresses: [String] = ["192.0.2.25"],
        _ further: [(String, String, [String])] = []
    ) async throws -> [String] {
        try await findings(records, addresses, further).map { "\($0.severity) \($0.name)" }
    }

    @Test func aRecordThatVouchesForEachAddressIsFine() async throws {
        #expect(try await found(["x=1", "v=spf1 ip4:192.0.2.0/24 -all"]).isEmpty)
        #expect(try await found(["V=SPF1 +ip4:192.0.2.25 ~all"]).isEmpty)
        #expect(try await found(["v=spf1 ip4:192.0.2.7/24 -all"]).isEmpty)
        #expect(try await found(["v=spf1 -all"], []).isEmpty)
        let other = [("_spf.example.net", "TXT", ["v=spf1 ip4:192.0.2.25 -all"])]
        #expect(try await found(["v=spf1 include:_spf.example.net -all"], ["192.0.2.25"], other).isEmpty)
        #expect(try await found(["v=spf1 redirect=_spf.example.net"], ["192.0.2.25"], other).isEmpty)
        let both = ["192.0.2.25", "2001:db8::25"]
        #expect(try await found(["v=spf1 ip4:192.0.2.25 ip6:2001:db8::/32 -all"], both).isEmpty)
    }

    @Test func oneThatDoesNotIsFound() async throws {
        #expect(try await found([]) == ["warning no-spf"])
        #expect(try await found(["v=spf10 -all"]) == ["warning no-spf"])
        #expect(try await found(["v=spf1 -all"]) == ["warning spf-without-relay"])
        #expect(try await found(["v=spf1 ~all"]) == ["warning spf-without-relay"])
        #expect(try await found(["v=spf1 ?all"]) == ["info spf-without-relay"])
        #expect(try await found(["v=spf1", "v=spf1 -all"]) == ["warning several-spf-records"])
        let other = [("_spf.example.net", "TXT", ["v=spf1 ip4:198.51.100.0/24 -all"])]
        #expect(
            try await found(["v=spf1 include:_spf.example.net -all"], ["192.0.2.25"], other)
                == ["warning spf-without-relay"]
        )
        #expect(try await found(["v=spf1 redirect=_spf.example.net"], ["192.0.2.25"], other).count == 1)
        // The addresses of a NAT gateway and those of IPv6 are each evaluated.
        let mixed = try await findings(["v=spf1 ip4:192.0.2.25 ~all"], ["192.0.2.25", "192.0.2.26", "2001:db8::25"])
        #expect(mixed.count == 1)
        #expect(
            mixed.first?.seen == """
                the SPF record of example.com does not name 192.0.2.26 and 2001:db8::25: v=spf1 ip4:192.0.2.25 ~all \
                (softfail, as '~all' in the record of example.com matches)
                """
        )
        #expect(
            mixed.first?.fix
                == "a TXT record of example.com: v=spf1 ip4:192.0.2.26 ip6:2001:db8::25 ip4:192.0.2.25 ~all"
        )
    }

    @Test func aMechanismWithAnEqualsSignIsNamed() async throws {
        let found = try await findings(["v=spf1 ip4=192.0.2.25 x=y ~all"])
        #expect(found.map(\.name) == ["spf-without-relay"])
        #expect(
            found.first?.seen.hasSuffix("; receivers pass over 'ip4=192.0.2.25', as '=' stands there in place of ':'")
                == true
        )
    }

    @Test func theCureIsTheRecordToPublish() async throws {
        func fix(_ records: [String]) async throws -> String? { try await findings(records).first?.fix }
        #expect(try await fix([]) == "a TXT record of example.com: v=spf1 ip4:192.0.2.25 ~all")
        #expect(
            try await fix(["v=spf1 mx -ip4:192.0.2.0/24 -all"])
                == "a TXT record of example.com: v=spf1 ip4:192.0.2.25 mx -ip4:192.0.2.0/24 -all"
        )
        #expect(
            try await fix(["v=spf1 mx -all", "v=spf1 a mx ~all"])
                == "a TXT record of example.com: v=spf1 ip4:192.0.2.25 mx a ~all, in place of them all"
        )
        // An address that the merged record names already is not added.
        #expect(
            try await fix(["v=spf1 ip4:192.0.2.0/24 -all", "v=spf1 mx ~all"])
                == "a TXT record of example.com: v=spf1 ip4:192.0.2.0/24 mx ~all, in place of them all"
        )
        #expect(try await fix(["v=spf1 mx -all", "v=spf1 nonsense"]) == "make them one")
        #expect(try await fix(["v=spf1 mx +all"]) == "a TXT record of example.com: v=spf1 ip4:192.0.2.25 mx ~all")
        // A record of more than one string is written as DNS needs it, without a loss at the seam.
        let long = (1...20).map { "ip4:198.51.100.\($0)" }.joined(separator: " ")
        let order = try #require(try await fix(["v=spf1 \(long) ~all"]))
        let strings = order.split(separator: "\"").filter { $0 != " " }.dropFirst()
        #expect(strings.count == 2 && strings.allSatisfy { $0.utf8.count <= 255 })
        #expect(strings.joined() == "v=spf1 ip4:192.0.2.25 \(long) ~all")
    }

    @Test(arguments: [
        "+all", "all", "ip4:0.0.0.0/0", "ip4:0.0.0.0/1 ip4:128.0.0.0/1", "a/0", "ip6:::/0", "exists:example.com",
        "include:x.example",
    ])
    func aRecordThatLetsEverybodySendIsToldAsThat(term: String) async throws {
        let further = [("example.com", "A", ["192.0.2.1"]), ("x.example", "TXT", ["v=spf1 +all"])]
        for record in ["v=spf1 \(term) -all", "v=spf1 ip4:192.0.2.25 \(term)"] {
            #expect(try await found([record], ["192.0.2.25"], further) == ["warning spf-allows-everybody"])
        }
    }

    @Test func aRecordThatBreaksIsFoundWithItsPlace() async throws {
        #expect(try await found(["v=spf1 ip4:nonsense -all"]) == ["warning spf-broken"])
        #expect(try await found(["v=spf1 ip4:nonsense -all"], []) == ["warning spf-broken"])
        #expect(try await found(["v=spf1 include:x.example -all"]) == ["warning spf-broken"])
        #expect(
            try await found(["v=spf1 include:x.example -all"], ["192.0.2.25"], [("x.example", "TIMEOUT", [])])
                == ["warning spf-look-up-fails"]
        )
        // The same fault of two addresses is one finding.
        #expect(try await found(["v=spf1 mx:x -all"], ["192.0.2.25", "192.0.2.26"]) == ["warning spf-broken"])
        let many = (1...11).map { "include:\($0).example" }.joined(separator: " ")
        let further = (1...11).map { ("\($0).example", "TXT", ["v=spf1 ip4:198.51.100.\($0)"]) }
        let broken = try await findings(["v=spf1 \(many) -all"], ["192.0.2.25"], further)
        #expect(broken.map(\.name) == ["spf-broken"])
        #expect(broken.first?.seen.contains("more than ten look-ups: the 11th is 'include:11.example'") == true)
        #expect(broken.first?.fix.contains("until ten such terms are left") == true)
        // A relay that is named before that place has its mail taken.
        #expect(
            try await found(["v=spf1 ip4:192.0.2.25 \(many) -all"], ["192.0.2.25"], further) == ["info spf-broken"]
        )
        #expect(try await found([], ["192.0.2.25"], [("example.com", "TIMEOUT", [])]) == ["warning examination-failed"])
    }

    /// Answers the first question, and no other.
    private struct Hanging: DNSAnswering {
        func records(_ name: String, _ kind: DNSRecord.Kind) async throws(DNSFailure) -> [DNSRecord] {
            if name == "example.com" { return [.text("v=spf1 a:slow.example -all")] }
            try? await Task.sleep(for: .seconds(600))
            throw .timedOut
        }
    }

    @Test func anEvaluationThatTakesTooLongIsGivenUpOnce() async throws {
        var examination = SPFExamination(
            domain: try DomainName("example.com"),
            addresses: [try IPAddress("192.0.2.25"), try IPAddress("192.0.2.26")],
            greeting: "m",
            names: Hanging()
        )
        examination.limit = .milliseconds(50)
        let began = ContinuousClock.now
        let found = await examination.findings()
        #expect(found.map(\.name) == ["spf-look-up-fails"])
        #expect(found.first?.seen.contains("its look-ups did not end within 0.05 seconds") == true)
        // One look-up alone would last this long.
        #expect(ContinuousClock.now - began < .seconds(600))
    }

    @Test func theGreetingNeedsNoRecordButIsJudgedByTheOneItHas() async throws {
        func found(_ zone: SPFZone) async throws -> [Finding] {
            var examination = SPFExamination(
                domain: try DomainName("mail.example.com"),
                addresses: [try IPAddress("192.0.2.25")],
                greeting: "mail.example.com",
                names: zone
            )
            examination.isGreeting = true
            return await examination.findings()
        }
        var zone = SPFZone()
        #expect(try await found(zone).isEmpty)
        zone.add("mail.example.com", "TXT", ["v=spf1 a -all"])
        zone.add("mail.example.com", "A", ["192.0.2.1"])
        let wrong = try await found(zone)
        #expect(wrong.map(\.name) == ["spf-without-relay"])
        #expect(wrong.first?.why == "it is the name that Postfix greets with, by which receivers judge bounces")
        zone.add("mail.example.com", "A", ["192.0.2.25"])
        #expect(try await found(zone).isEmpty)
        var slow = SPFZone()
        slow.add("mail.example.com", "TIMEOUT", [])
        #expect(try await found(slow).isEmpty)
    }

    /// Counts the questions.
    private actor Counted: DNSAnswering {
        let zone: SPFZone
        private(set) var asked: [String] = []

        init(_ zone: SPFZone) { self.zone = zone }

        func records(_ name: String, _ kind: DNSRecord.Kind) async throws(DNSFailure) -> [DNSRecord] {
            asked.append("\(kind) \(name)")
            return try await zone.records(name, kind)
        }
    }

    @Test func eachQuestionIsAskedOnce() async throws {
        var zone = SPFZone()
        zone.add("example.com", "TXT", ["v=spf1 a:slow.example include:x.example ~all"])
        zone.add("slow.example", "A", ["198.51.100.1"])
        zone.add("x.example", "TIMEOUT", [])
        let counted = Counted(zone)
        let addresses = [try IPAddress("192.0.2.25"), try IPAddress("192.0.2.26")]
        let examination = SPFExamination(
            domain: try DomainName("example.com"),
            addresses: addresses,
            greeting: "m",
            names: counted
        )
        #expect(await examination.findings().map(\.name) == ["spf-look-up-fails"])
        #expect(
            await counted.asked == ["TXT example.com", "A slow.example", "TXT x.example", "AAAA slow.example"]
        )
    }
}
