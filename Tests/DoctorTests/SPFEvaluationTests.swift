import Host
import RelayTestSupport
import Testing
import Vocabulary

@testable import Doctor

struct SPFJudgeTests {
    /// A few cases of each kind; the RFC's own suite has more, where it lies beside the project.
    private static let own = SPFSuite(SPFSamples.yaml)

    @Test func eachCaseHasAResultThatTheRFCAllows() async throws {
        let judge = SPFSuite.judge()
        // The suite's release of 2014.04.
        if let judge { #expect(judge.cases.count == 203) }
        #expect(Self.own.cases.count == SPFSamples.count)
        for one in Self.own.cases + (judge?.cases ?? []) {
            let question = SPFQuestion(try IPAddress(one.address), sender: one.sender, greeting: one.greeting)
            let outcome = await SPFEvaluation.answer(to: question, by: one.zone)
            #expect(one.results.contains(outcome.result.rawValue), "\(one.name): \(outcome)")
            if let explanation = one.explanation {
                #expect(outcome.explanation ?? "DEFAULT" == explanation, "\(one.name): \(outcome)")
            }
            #expect("\(outcome.reason)".isOnePlainLine, "\(one.name): \(outcome.reason)")
        }
    }
}

struct SPFEvaluationTests {
    private func zone(_ records: [(String, String, [String])]) -> SPFZone {
        records.reduce(into: SPFZone()) { $0.add($1.0, $1.1, $1.2) }
    }

    private func outcome(
        _ record: String,
        _ further: [(String, String, [String])] = [],
        from address: String = "192.0.2.25",
        sender: String = "a@example.com"
    ) async throws -> SPFOutcome {
        let zone = zone([("example.com", "TXT", [record])] + further)
        let question = SPFQuestion(
            try IPAddress(address),
            sender: sender,
            greeting: "mail.example.com",
            receiver: "mx.example.net",
            time: 1_795_521_600
        )
        return await SPFEvaluation.answer(to: question, by: zone)
    }

    private func said(_ record: String, _ further: [(String, String, [String])] = []) async throws -> String {
        let outcome = try await outcome(record, further)
        return "\(outcome.result): \(outcome.reason)"
    }

    @Test func theReasonNamesTheTermThatMatched() async throws {
        #expect(
            try await said("v=spf1 ip4:192.0.2.0/24 -all")
                == "pass: 'ip4:192.0.2.0/24' in the record of example.com matches"
        )
        #expect(
            try await said("v=spf1 include:a.example -all", [("a.example", "TXT", ["v=spf1 +ip4:192.0.2.25"])])
                == """
                pass: '+ip4:192.0.2.25' in the record of a.example matches, by way of 'include:a.example' in the record of \
                example.com
                """
        )
        #expect(
            try await said("v=spf1 redirect=a.example", [("a.example", "TXT", ["v=spf1 ~all"])])
                == """
                softfail: '~all' in the record of a.example matches, by way of 'redirect=a.example' in the record of \
                example.com
                """
        )
        #expect(try await said("v=spf1 ip4:192.0.2.1") == "neutral: no term of the record of example.com matches")
    }

    @Test func theReasonNamesThePlaceThatBreaks() async throws {
        let many = (1...11).map { "include:\($0).example" }.joined(separator: " ")
        let records = (1...11).map { ("\($0).example", "TXT", ["v=spf1 ip4:198.51.100.\($0)"]) }
        #expect(
            try await said("v=spf1 \(many) -all", records)
                == "permerror: more than ten look-ups: the 11th is 'include:11.example' in the record of example.com"
        )
        #expect(
            try await said("v=spf1 a:x.example mx:x.example exists:y.example -all")
                == """
                permerror: more than two look-ups find nothing: the third is of 'exists:y.example' in the record of \
                example.com, as y.example has no A record
                """
        )
        #expect(
            try await said("v=spf1 a:192.0.2.25 -all")
                == """
                permerror: 'a:192.0.2.25' in the record of example.com can't be understood: '192.0.2.25' is an address, not a \
                name; write 'ip4:192.0.2.25'
                """
        )
        #expect(
            try await said("v=spf1 include:a.example -all")
                == "permerror: 'include:a.example' in the record of example.com leads to a.example, which has no SPF record"
        )
        #expect(
            try await said("v=spf1 include:a.example -all", [("a.example", "TIMEOUT", [])])
                == "temperror: the TXT record of a.example can't be looked up: no answer within 4 s"
        )
        #expect(
            try await said("v=spf1 -all", [("example.com", "TXT", ["v=spf1 ~all"])])
                == "permerror: example.com has 2 SPF records"
        )
        #expect(
            try await said("v=spf1 mx -all", (1...11).map { ("example.com", "MX", ["\($0)", "mx.example"]) })
                == """
                permerror: 'mx' in the record of example.com leads to 11 MX records, and receivers take ten at most
                """
        )
        #expect(try await said("v=spf2 -all") == "none: example.com has no SPF record")
    }

    @Test(arguments: [
        "v=spf1 ip4:192.0.2.25 alll", "v=spf1 ip4:192.0.2.25 +", "v=spf1 ip4:192.0.2.25 -", "v=spf1 ip4:192.0.2.25 :",
        "v=spf1 ip4:192.0.2.25 -all/8", "v=spf1 ip4:192.0.2.25/", "v=spf1 ip4:192.0.2.25/33",
        "v=spf1 ip4:192.0.2.25/08",
        "v=spf1 ip4:192.0.2.25/+8", "v=spf1 ip4:192.0.2", "v=spf1 ip4:192.0.2.025", "v=spf1 ip4:2001:db8::1",
        "v=spf1 ip6:192.0.2.25", "v=spf1 ip6:2001:db8::1/129", "v=spf1 ip6:2001:db8::%25eth0", "v=spf1 ip6:",
        "v=spf1 ipv4:192.0.2.25", "v=spf1 a:", "v=spf1 a/", "v=spf1 a//", "v=spf1 a/33", "v=spf1 a//129",
        "v=spf1 a/24/64", "v=spf1 a/024", "v=spf1 a:/24", "v=spf1 a:com", "v=spf1 a:.",
        "v=spf1 a:example.123", "v=spf1 a:example.-com", "v=spf1 a:example.com-", "v=spf1 a:example.c_m",
        "v=spf1 a:%{d}com", "v=spf1 a:%{d}.", "v=spf1 a:%{", "v=spf1 a:%{}", "v=spf1 a:%{x}", "v=spf1 a:%{d0}",
        "v=spf1 a:%{dr2}", "v=spf1 a:%{d2r;}", "v=spf1 a:%{d", "v=spf1 a:%d", "v=spf1 a:%", "v=spf1 a:%{c}",
        "v=spf1 a:%{t}.example.com", "v=spf1 a:%{R}.example.com", "v=spf1 mx:", "v=spf1 mx//", "v=spf1 ptr:",
        "v=spf1 ptr/24", "v=spf1 exists", "v=spf1 exists:", "v=spf1 include", "v=spf1 include:", "v=spf1 include:com",
        "v=spf1 redirect", "v=spf1 redirect=", "v=spf1 redirect:example.com", "v=spf1 -redirect=example.com",
        "v=spf1 redirect=a.example redirect=b.example", "v=spf1 exp=a.example EXP=b.example", "v=spf1 exp=",
        "v=spf1 x=%{c}", "v=spf1 x=%", "v=spf1 x=%{z}", "v=spf1 1x=a", "v=spf1 =",
        "v=spf1 ip4:192.0.2.25,ip4:192.0.2.26",
        "v=spf1 ip4:192.0.2.25\tip4:192.0.2.26", "v=spf1 ip4:192.0.2.25\r\n-all", "v=spf1 a:\u{FC}.example",
        "v=spf1 a:\u{FFFD}.example", "v=spf1 \u{301}all", "v=spf1 v=spf1%", "v=spf1 include.example.com",
    ])
    func aRecordWithAWrongTermIsVoid(record: String) async throws {
        let outcome = try await outcome(record + " ?all")
        #expect(outcome.result == .permerror)
        guard case .syntax(let place, _) = outcome.reason else {
            Issue.record("\(outcome.reason)")
            return
        }
        let words = record.utf8.split(separator: 0x20).map { String(decoding: $0, as: UTF8.self) }
        #expect(words.contains(place.term), "\(place)")
    }

    @Test(arguments: [
        ("V=SPF1 IP4:192.0.2.25 -ALL", SPFResult.pass), ("v=spf1  -all  ", .fail), ("v=spf1", .neutral),
        ("v=spf1 ", .neutral),
        ("v=spf1 ?all", .neutral), ("v=spf1 ~ALL", .softfail), ("v=spf1 all -all", .pass),
        ("v=spf1 x=a/b:c=%{s} -all", .fail),
        ("v=spf1 v=spf1 -all", .fail), ("v=spf1 a=b ip4=c -all", .fail), ("v=spf1 X-y_z.1= -all", .fail),
        ("v=spf1 ip4:0.0.0.0/0 -all", .pass),
        ("v=spf1 ip6:::/0 -all", .fail), ("v=spf1 ip4:192.0.2.7/24 -all", .pass), ("v=spf1 a//0 -all", .fail),
        ("v=spf1 a:%{d}/24 -all", .fail), ("v=spf1 a:%{dR.-+,/_=}%% ?all", .neutral),
        ("v=spf1 exp=%{o} ~all", .softfail),
        ("v=spf1 -ip4:192.0.2.25 ip4:192.0.2.0/24", .fail), ("v=spf1 redirect=a.example -all", .fail),
    ])
    func whatIsWrittenRightIsUnderstood(record: String, result: SPFResult) async throws {
        #expect(try await outcome(record).result == result)
    }

    @Test(arguments: ["v=spf1\t-all", "v=spf1-all", "v=spf10 -all", " v=spf1 -all", "v=spf1\0", "spf1 -all", ""])
    func anotherTextIsNoRecord(text: String) async throws {
        #expect(try await outcome(text).result == .none)
    }

    @Test func anAddressOfTheDomainMatchesByItsRange() async throws {
        let addresses = [("example.com", "A", ["192.0.2.7"]), ("example.com", "AAAA", ["2001:db8::7"])]
        func result(_ record: String, _ address: String) async throws -> SPFResult {
            try await outcome(record, addresses, from: address).result
        }
        #expect(try await result("v=spf1 a -all", "192.0.2.7") == .pass)
        #expect(try await result("v=spf1 a -all", "192.0.2.25") == .fail)
        #expect(try await result("v=spf1 a/24 -all", "192.0.2.25") == .pass)
        #expect(try await result("v=spf1 a/24 -all", "2001:db8::25") == .fail)
        #expect(try await result("v=spf1 a/24//64 -all", "2001:db8::25") == .pass)
        #expect(try await result("v=spf1 a//64 -all", "192.0.2.25") == .fail)
        #expect(try await result("v=spf1 a/24 -all", "::ffff:192.0.2.25") == .pass)
        #expect(try await result("v=spf1 ip6:::ffff:0:0/96 -all", "::ffff:192.0.2.25") == .fail)
    }

    /// The examples of RFC 7208, section 7.4.
    @Test(arguments: [
        ("%{s}", "strong-bad@email.example.com"), ("%{o}", "email.example.com"), ("%{d}", "email.example.com"),
        ("%{d4}", "email.example.com"), ("%{d3}", "email.example.com"), ("%{d2}", "example.com"), ("%{d1}", "com"),
        ("%{dr}", "com.example.email"), ("%{d2r}", "example.email"), ("%{l}", "strong-bad"), ("%{l-}", "strong.bad"),
        ("%{lr}", "strong-bad"), ("%{lr-}", "bad.strong"), ("%{l1r-}", "strong"),
        ("%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"),
        ("%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"),
        ("%{lr-}.lp.%{ir}.%{v}._spf.%{d2}", "bad.strong.lp.3.2.0.192.in-addr._spf.example.com"),
        ("%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}", "3.2.0.192.in-addr.strong.lp._spf.example.com"),
        ("%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net"),
        // And the rest of section 7.
        ("%{h}", "mx.example.org"), ("%{p}", "unknown"), ("%{c}", "192.0.2.3"), ("%{r}", "mx.example.net"),
        ("%{t}", "7"),
        ("%%%_%-", "% %20"), ("%{S}", "strong-bad%40email.example.com"),
        ("%{D999999999999999999999}", "email.example.com"),
        ("%{L-}", "strong.bad"), ("a b", "a b"),
    ])
    func macrosStandForTheirValues(macro: String, text: String) throws {
        #expect(try expanded(macro, from: "192.0.2.3") == text)
    }

    private func expanded(_ macro: String, from address: String, local: String = "strong-bad") throws -> String {
        let question = SPFQuestion(
            try IPAddress(address),
            sender: "\(local)@email.example.com",
            greeting: "mx.example.org",
            receiver: "mx.example.net",
            time: 7
        )
        let values = SPFMacroValues(question: question, domain: "email.example.com", validatedName: nil)
        return try SPFMacroString(macro, in: .explanation).expanded(values)
    }

    @Test func macrosOfIPv6AndOfOddSenders() throws {
        let name = try expanded("%{ir}.%{v}._spf.%{d2}", from: "2001:db8::cb01")
        let nibbles = "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2"
        #expect(name.lowercased() == "\(nibbles).ip6._spf.example.com")
        #expect(try expanded("%{c}", from: "2001:DB8:0::cb01") == "2001:db8::cb01")
        #expect(try expanded("%{i} %{v} %{c}", from: "::ffff:192.0.2.3") == "192.0.2.3 in-addr 192.0.2.3")
        #expect(try expanded("%{L}", from: "192.0.2.3", local: "\u{FC} \u{1}") == "%C3%BC%20%01")
        #expect(try expanded("%{l2r+-}", from: "192.0.2.3", local: "a+b-c--d") == "b.a")
        #expect(try expanded("%{l}", from: "192.0.2.3", local: "a@b") == "a@b")
        #expect(try expanded("%{l}", from: "192.0.2.3", local: "") == "postmaster")
    }

    @Test func theNameOfTheSenderIsThatOfTheDomainWhereThereIsOne() async throws {
        let pointer = "25.2.0.192.in-addr.arpa"
        let names = ["x.example.net", "b.example.com", "example.com", "false.example.com"]
        let zone = names.map { (pointer, "PTR", [$0]) } + names.dropLast().map { ($0, "A", ["192.0.2.25"]) }
        func wanted(_ zone: [(String, String, [String])]) async throws -> String? {
            try await outcome("v=spf1 -all exp=e.example.com", zone + [("e.example.com", "TXT", ["%{p}"])]).explanation
        }
        #expect(try await wanted(zone) == "example.com")
        #expect(try await wanted(zone.filter { $0.2 != ["example.com"] }) == "b.example.com")
        #expect(try await wanted(zone.filter { !$0.2[0].hasSuffix("example.com") }) == "x.example.net")
        #expect(try await wanted([(pointer, "PTR", ["false.example.com"])]) == "unknown")
        #expect(try await wanted([(pointer, "TIMEOUT", [])]) == "unknown")
    }

    /// A failure of the sender's own name servers is no fault of the domain (RFC 7208, section 5.5).
    @Test func aNameOfTheSenderThatCannotBeLookedUpIsLeftOut() async throws {
        let pointer = "25.2.0.192.in-addr.arpa"
        let slow = ("slow.example.com", "TIMEOUT", [String]())
        let names = [(pointer, "PTR", ["slow.example.com"]), (pointer, "PTR", ["b.example.com"]), slow]
        let good = ("b.example.com", "A", ["192.0.2.25"])
        #expect(try await outcome("v=spf1 ptr -all", names + [good]).result == .pass)
        #expect(try await outcome("v=spf1 ptr -all", [(pointer, "PTR", ["slow.example.com"]), slow]).result == .fail)
        #expect(try await outcome("v=spf1 ptr -all", [(pointer, "TIMEOUT", [])]).result == .fail)
        // The 11th name counts no more.
        let many = (1...10).map { (pointer, "PTR", ["n\($0).example.net"]) }
        let known = (1...10).map { ("n\($0).example.net", "A", ["192.0.2.1"]) }
        let late = [(pointer, "PTR", ["b.example.com"]), good]
        #expect(try await outcome("v=spf1 ptr -all", many + known + late).result == .fail)
    }

    @Test func anExplanationIsThatOfTheRecordThatRefuses() async throws {
        let texts = [
            ("e.example.com", "TXT", ["%{i} may not send as %{o}, says %{r}.", " See %{L}."]),
            ("other.example", "TXT", ["v=spf1 -all exp=e.other.example"]), ("e.other.example", "TXT", ["Theirs: %{d}"]),
        ]
        let own = try await outcome("v=spf1 exp=e.%{d} -all", texts)
        #expect(own.explanation == "192.0.2.25 may not send as example.com, says mx.example.net. See a.")
        #expect(
            try await outcome("v=spf1 exp=e.%{d} redirect=other.example", texts).explanation == "Theirs: other.example"
        )
        #expect(try await outcome("v=spf1 exp=e.%{d} ~all", texts).explanation == nil)
        #expect(try await outcome("v=spf1 exp=e.%{d} -include:other.example ?all", texts).result == .neutral)
    }

    @Test func tenTermsMayNeedLookUps() async throws {
        // Those that come later than the match don't count, and a text's own don't either.
        let ten = Array(repeating: "a:x.example", count: 10).joined(separator: " ")
        let known = ("x.example", "A", ["198.51.100.1"])
        #expect(try await outcome("v=spf1 \(ten) -all", [known]).result == .fail)
        #expect(try await outcome("v=spf1 \(ten) ip4:192.0.2.25 mx -all", [known]).result == .pass)
        #expect(try await outcome("v=spf1 \(ten) redirect=x.example", [known]).result == .permerror)
        #expect(try await outcome("v=spf1 redirect=example.com").result == .permerror)
        #expect(try await outcome("v=spf1 include:example.com").result == .permerror)
        #expect(try await outcome("v=spf1 a:u.example a:v.example exp=w.example -all").result == .fail)
    }
}

struct SPFFuzzTests {
    private static let samples = [
        "v=spf1 a:%{ir}.%{v}.x.example/24//64 -all", "v=spf1 include:_spf.%{d2} ~all",
        "v=spf1 redirect=%{l1r-}.example",
        "v=spf1 mx:a.example//64 ptr:%{p}.example exists:%{S}%%%_%- ?all exp=e.example",
        "v=spf1 ip4:192.0.2.0/24 ip6:::/0 x=y",
    ]

    @Test func anyRecordHasAnAnswerAndAReasonOfOneLine() async throws {
        let address = try IPAddress("2001:db8::25")
        await fuzz(300) { chance in
            let text = chance.mutation(of: Self.samples)
            var zone = SPFZone()
            zone.add("example.com", "TXT", [text])
            zone.add("example.com", "A", ["192.0.2.1"])
            let question = SPFQuestion(
                address,
                sender: chance.mutation(of: ["a-b@example.com"]),
                greeting: "m.example.com"
            )
            let outcome = await SPFEvaluation.answer(to: question, by: zone)
            #expect("\(outcome.reason)".isOnePlainLine, "\(chance)")
            if let cure = outcome.reason.cure { #expect(cure.isOnePlainLine, "\(chance)") }
        }
    }
}
