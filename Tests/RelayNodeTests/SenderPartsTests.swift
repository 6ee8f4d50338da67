import RelayNode
import RelayTestSupport
import Testing
import Vocabulary

/// The parameters, tables and doors of `mail.senders` and `[mail.rewrite]`.
struct SenderPartsTests {
    private func node(_ change: (inout SenderRules) throws -> Void) throws -> RelayNode {
        let settings = try exampleSettings {
            $0.mail.isDKIMRequired = false
            try change(&$0.mail.senders)
        }
        return try RelayNode(settings: settings, facts: exampleFacts())
    }

    private func values(_ node: RelayNode) -> [String: String] { MainCf(node.postfix.mainCf(from: "")).values }

    private static func senders(_ rules: inout SenderRules) throws {
        rules.senders = [try SenderPattern("example.com")]
    }

    @Test func aCheckNeedsTheSignerWithoutAnyKey() throws {
        let node = try node(Self.senders)
        #expect(values(node)["smtpd_milters"]?.contains("8895, default_action=tempfail") == true)
        #expect(node.selfTest.signerPort == 8895 && node.selfTest.checksSenders == true)
    }

    @Test func aReportDoesNot() throws {
        let node = try node {
            try Self.senders(&$0)
            $0.mode = .warn
        }
        #expect(values(node)["smtpd_milters"]?.contains("8895, default_action=accept") == true)
        #expect(node.selfTest.signerPort == nil && node.selfTest.checksSenders == nil)
    }

    @Test func sendersAreRewrittenAndReceiversAreNot() throws {
        let node = try node {
            $0.rewriting.masquerade = [try DomainName("example.com"), try DomainName("example.org")]
            $0.rewriting.map = [
                try SenderMapping(".internal.example=d@example.com"),
                try SenderMapping(".ec2.internal.example=c@example.com"),
                try SenderMapping("ec2.example=b@example.com"), try SenderMapping("x.y+z@ec2.example=a@example.com"),
            ]
        }
        let values = values(node)
        #expect(values["masquerade_domains"] == "example.com, example.org")
        #expect(values["masquerade_classes"] == "envelope_sender, header_sender")
        #expect(values["sender_canonical_maps"] == "regexp:/etc/postfix/sender_table")
        #expect(values["local_header_rewrite_clients"] == "permit_inet_interfaces, permit_mynetworks")
        #expect(values["smtpd_milters"] == nil && values["canonical_maps"] == nil)
        let table = try #require(node.postfix.tables.first { $0.name == .senders })
        #expect(
            table.text.split(separator: "\n").dropFirst().map(String.init) == [
                "/^x\\.y\\+z@ec2\\.example$/ a@example.com", "/@ec2\\.example$/ b@example.com",
                "/@[^@]+\\.ec2\\.internal\\.example$/ c@example.com", "/@[^@]+\\.internal\\.example$/ d@example.com",
            ]
        )
    }

    @Test(arguments: [
        "smtpd_milters=", "smtpd_milters=inet:127.0.0.1:9999", "smtpd_milter_maps=cidr:/x",
        "milter_default_action=accept",
        "receive_override_options=no_milters", "receive_override_options=$x", "cleanup_service_name=other",
        "smtpd_proxy_filter=127.0.0.1:10026",
    ])
    func noDoorGoesPastTheCheck(override: String) throws {
        let text = "smtp inet n - n - - smtpd\n  -o \(override)\n"
        func doors(_ checks: Bool) throws -> Doors {
            Doors(MasterCf(text), at: try IPAddress("10.0.1.10"), isProxied: false, checksSenders: checks)
        }
        #expect(try doors(false).unprovable.isEmpty)
        #expect(try doors(true).unprovable.count == 1)
    }

    @Test func otherOverridesStay() throws {
        let text = "smtp inet n - n - - smtpd\n  -o receive_override_options=no_address_mappings\n"
        let doors = Doors(MasterCf(text), at: try IPAddress("10.0.1.10"), isProxied: false, checksSenders: true)
        #expect(doors.unprovable.isEmpty && doors.all.count == 1)
    }
}
