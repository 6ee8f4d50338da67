import RelayTestSupport
import Signer
import Testing
import Vocabulary

@testable import RelayAgent

/// The decision about a message by its envelope, its `From` and its client.
struct SenderJudgeTests {
    private func rules(_ change: (inout SenderRules) throws -> Void = { _ in }) throws -> SenderRules {
        var rules = SenderRules()
        rules.senders = [
            try SenderPattern("example.com"), try SenderPattern(".example.com"),
            try SenderPattern("billing@example.org"),
        ]
        try change(&rules)
        return rules
    }

    private func reason(
        sender: String = "app@example.com",
        from: [String] = ["app@example.com"],
        client: String? = "10.0.2.20",
        hello: String = "app.internal",
        macros: [String: String] = [:],
        type: String? = nil,
        rules: SenderRules? = nil
    ) throws -> SenderViolation.Reason? {
        var head = MessageHead()
        for value in from { head.add(HeaderField("From", value)) }
        if let type { head.add(HeaderField("Content-Type", type)) }
        let envelope = MilterEnvelope(
            client: client.map { MilterClient(name: "app", address: $0) },
            hello: hello,
            sender: sender,
            macros: macros
        )
        let judge = SenderJudge(try rules ?? self.rules(), domain: try DomainName("example.com"))
        return judge.violation(envelope, head)?.reason
    }

    @Test(arguments: [
        "a@example.com", "A@EXAMPLE.COM", "a@sub.example.com", "a@example.com.", "billing@example.org",
        "billing+customer=x.example@example.org", "\"a b\"@example.com", "\"x@evil.example\"@example.com", "root",
        "a%evil.example@example.com", "\"a\\\"b\"@example.com",
    ])
    func sendersThatMay(_ sender: String) throws { #expect(try reason(sender: sender) == nil) }

    @Test(arguments: [
        "a@evil.example", "a@notexample.com", "other@example.org", "a@example.com@evil.example",
        "a@example.org.evil.example",
        "evil.example!a", "a%evil.example", "a@", "@example.com", "a@example..com", "a@[192.0.2.1]", "a@bücher.example",
        "\"a@example.com\"@evil.example",
    ])
    func sendersThatMayNot(_ sender: String) throws { #expect(try reason(sender: sender) == .sender(sender)) }

    /// Postfix itself has read the address; its reading counts.
    @Test func theSenderIsWhatPostfixMakesOfIt() throws {
        #expect(
            try reason(sender: "a@example.com", macros: ["{mail_addr}": "a@evil.example"]) == .sender("a@example.com")
        )
        #expect(try reason(sender: "odd", macros: ["{mail_addr}": "odd@example.com"]) == nil)
    }

    @Test func theSenderLeavesAsAnother() throws {
        let rules = try rules { $0.rewriting.map = [try SenderMapping(".ec2.internal=ops@example.com")] }
        #expect(try reason(sender: "root@ip-10-0-1-10.ec2.internal", rules: rules) == nil)
        #expect(try reason(sender: "root@evil.example", rules: rules) == .sender("root@evil.example"))
    }

    @Test(arguments: [
        "App <app@example.com>", "APP@EXAMPLE.COM", "a@example.com, b@sub.example.com", "Team: a@example.com;",
        "\"x@evil.example\" <a@example.com>", "(x@evil.example) a@example.com", "app\r\n <app@\r\n example.com>",
        "=?utf-8?q?x=40evil.example?= <a@example.com>", "a@example.com <a@example.com>", "Smith, John <a@example.com>",
    ])
    func authorsThatMay(_ from: String) throws { #expect(try reason(from: [from]) == nil) }

    @Test(arguments: [
        "x@evil.example", "a@example.com, x@evil.example", "a@example.com <x@evil.example>",
        "Team: a@example.com, x@evil.example;",
        "x@evil.example <a@example.com>", "x@bücher.example", "x@example.com.evil.example",
    ])
    func authorsThatMayNot(_ from: String) throws {
        guard case .author = try reason(from: [from]) else {
            Issue.record("\(from) is taken")
            return
        }
    }

    @Test(arguments: [
        "", "root", "undisclosed-recipients:;", "<a@example.com", "a@example.com> x", "=?utf-8?q?a=40example.com?=",
        "a@example.com b@evil.example", "<a@example.com> <x@evil.example>", "a@example.com\u{0}", "(a@example.com",
        "see x@evil.example <a@example.com>",
    ])
    func authorsThatNobodyCanRead(_ from: String) throws { #expect(try reason(from: [from]) == .unreadableFrom) }

    @Test func thereIsOneFrom() throws {
        #expect(try reason(from: []) == .noFrom)
        #expect(try reason(from: ["a@example.com", "a@example.com"]) == .severalFroms(2))
    }

    @Test func bouncesPass() throws {
        #expect(try reason(sender: "", from: ["Mail System <MAILER-DAEMON@host.internal>"]) == nil)
        #expect(try reason(sender: "", from: []) == nil)
        #expect(try reason(sender: "", from: ["x@evil.example"], type: "multipart/report;\r\n report-type=x") == nil)
        #expect(try reason(sender: "", from: ["app@example.com"]) == nil)
        #expect(try reason(sender: "", from: ["x@evil.example"]) == .author("x@evil.example"))
        #expect(try reason(sender: "", from: ["mailer-daemon@a.example, x@evil.example"]) != nil)
        // A sender makes it no bounce.
        #expect(try reason(from: ["x@evil.example"], type: "multipart/report") == .author("x@evil.example"))
    }

    @Test func theRelaysOwnMailAndThatOfALeavingRelayPass() throws {
        for client in ["127.0.0.1", "::1"] { #expect(try reason(sender: "x@evil.example", client: client) == nil) }
        #expect(try reason(sender: "x@evil.example", hello: "leaving.example.com") == nil)
        #expect(try reason(sender: "x@evil.example", hello: "leaving.example.org") != nil)
    }

    @Test func eachClientHasItsOwnSenders() throws {
        let rules = try rules { $0.clients = [try ClientSenders("10.0.2.0/24=shop.example")] }
        #expect(try reason(rules: rules) == .sender("app@example.com"))
        #expect(try reason(sender: "a@shop.example", from: ["b@shop.example"], rules: rules) == nil)
        #expect(try reason(client: "10.0.3.1", rules: rules) == nil)
        #expect(try reason(client: nil, rules: rules) == nil)
    }

    @Test func theTextTellsWhatToDo() throws {
        let permitted = try rules().senders
        let text = "\(SenderViolation(reason: .author("x@evil.example"), permitted: permitted))"
        #expect(
            text == """
                From <x@evil.example> may not send through this relay: use an address of example.com, or an address of a \
                subdomain of example.com, or billing@example.org, or have the relay's operator add yours to mail.senders
                """
        )
    }

    /// A message that passes has only authors that may send, in each reading of its `From`.
    @Test func nothingForgedPasses() async throws {
        let rules = try rules()
        let samples = [
            "App <app@example.com>", "x@evil.example, a@example.com", "\"a\\\"@example.com\" <x@evil.example>",
            "Team: a@example.com, (c) x@evil.example;", "=?utf-8?q?x?= <@a.example:x@evil.example>",
            "x@evil.example (a@example.com)",
        ]
        try await fuzz(2000) { chance in
            let from = chance.mutation(of: samples)
            guard try reason(from: [from], rules: rules) == nil else { return }
            var head = MessageHead()
            head.add(HeaderField("From", from))
            #expect(!head.authors.mailboxes.isEmpty, "\(chance)")
            for mailbox in head.authors.mailboxes {
                #expect(
                    mailbox.domain.hasSuffix("example.com") || mailbox.localPart.lowercased().hasPrefix("billing"),
                    "\(chance)"
                )
            }
        }
    }

    @Test func warningsRefuseNothing() throws {
        for (mode, expected) in [(SenderRules.Mode.warn, MilterVerdict.sign), (.enforce, nil)] as [(_, MilterVerdict?)]
        {
            let rules = try rules { $0.mode = mode }
            let policy = SenderPolicy(rules: { rules }, domain: { try? DomainName("example.com") }) { _, _, told in
                #expect(told == mode)
            }
            let envelope = MilterEnvelope(client: nil, sender: "x@evil.example")
            let verdict = policy.verdict(on: envelope, head: MessageHead())
            if let expected {
                #expect(verdict == expected)
            } else {
                guard case .refuse(let refusal) = verdict else {
                    Issue.record("not refused")
                    continue
                }
                #expect(refusal.description.hasPrefix("550 5.7.1 envelope sender <x@evil.example>"))
            }
        }
    }
}
