import RelayNode
import Testing
import Vocabulary

struct SenderPostfixTests {
    private func postfix(_ tls: TLSLevel? = nil) throws -> SenderPostfix {
        let settings = SenderSettings(relayhost: try RelayHost("[relay.example.com]:25"), outboundTLS: tls)
        return SenderPostfix(settings, authorities: "/ca.pem")
    }

    @Test(arguments: [
        // In place of what is there, wherever that is.
        ("a = 1\nrelayhost =\nb = 2\n", "a = 1\nrelayhost = [relay.example.com]:25\nb = 2\n"),
        ("relayhost = [old]\n   :25\n# end\n", "relayhost = [relay.example.com]:25\n# end\n"),
        ("relayhost = a\nx = 1\nrelayhost = b\n", "x = 1\nrelayhost = [relay.example.com]:25\n"),
        // Otherwise at the end.
        (
            "# a comment\n\nmyorigin = /etc/mailname\n",
            "# a comment\n\nmyorigin = /etc/mailname\nrelayhost = [relay.example.com]:25\n"
        ),
        ("#relayhost = $mydomain\n", "#relayhost = $mydomain\nrelayhost = [relay.example.com]:25\n"),
    ])
    func oneLineIsSetAndEveryOtherStays(current: String, wanted: String) throws {
        #expect(try postfix().mainCf(from: current) == wanted)
        #expect(try postfix().mainCf(from: wanted) == wanted)
    }

    @Test func whatIsRightIsNotTouched() throws {
        // Not the line break that the last line lacks, and not the carriage returns of a file from Windows.
        for text in ["x = 1\nrelayhost=[relay.example.com]:25", "relayhost = [relay.example.com]:25\r\nx = 1\r\n"] {
            #expect(try postfix().mainCf(from: text) == text)
            #expect(try postfix().isInForce(in: text))
        }
        #expect(try !postfix().isInForce(in: "#relayhost = [relay.example.com]:25\n"))
    }

    @Test func tlsIsThereWhileItIsAskedFor() throws {
        let text = "smtp_tls_security_level = none\nrelayhost = [relay.example.com]:25\n"
        let asked = try postfix(.verify).mainCf(from: text)
        #expect(MainCf(asked)["smtp_tls_security_level"] == "verify")
        #expect(MainCf(asked)["smtp_tls_CAfile"] == "/ca.pem")
        #expect(try postfix(.verify).mainCf(from: asked) == asked)
        #expect(try postfix().mainCf(from: asked) == text)
        #expect(try postfix(.verify).effective["smtp_tls_security_level"] == "verify")
        #expect(try postfix().effective == ["relayhost": "[relay.example.com]:25"])
    }
}

struct RelayhostOverrideTests {
    private func overrides(_ main: String, _ master: String = "") -> [String] {
        RelayhostOverride.all(mainCf: main, masterCf: master).map(\.description)
    }

    @Test(arguments: [
        "transport_maps = hash:/etc/postfix/transport", "sender_dependent_relayhost_maps = texthash:/x",
        "sender_dependent_default_transport_maps = static:x", "default_transport = smtp:[other.example.com]",
        "default_transport = error:no mail here", "default_transport = discard",
    ])
    func aSettingThatComesBeforeRelayhostIsTold(setting: String) {
        let found = overrides("a = 1\n\(setting)\n")
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("/etc/postfix/main.cf: '\(setting)' comes before relayhost: ") == true)
    }

    @Test func whatLeavesItAloneIsNone() {
        #expect(
            overrides(
                "default_transport = smtp\ntransport_maps =\nrelayhost = [x]\n",
                "smtp unix - - n - - smtp -o relayhost=x"
            ).isEmpty
        )
        #expect(overrides("default_transport = relay\n#transport_maps = hash:/x\n").isEmpty)
    }

    @Test func anOptionOfMasterCfIsTold() {
        let found = overrides("", "rewrite unix - - n - - trivial-rewrite\n  -o relayhost=[x]\n")
        #expect(
            found == [
                "/etc/postfix/master.cf: 'rewrite ... -o relayhost=[x]' comes before relayhost: all mail does not go to relayhost"
            ]
        )
    }
}
