import RelayNode
import RelayTestSupport
import Testing
import Vocabulary

/// The files of an uninstalled node: as they were before the agent, with what others have written since.
struct RestorationTests {
    private static let mainCf = """
        # See /usr/share/postfix/main.cf.dist for a commented version

        smtpd_banner = $myhostname ESMTP $mail_name (Debian/GNU)
        biff = yes

        mydestination = $myhostname,
            localhost.example.com,
            localhost
        relayhost = [old.example.com]:25
        alias_maps = hash:/etc/aliases
        inet_interfaces = loopback-only

        """
    private static let masterCf = """
        # service type  private unpriv  chroot  wakeup  maxproc command + args
        smtp      inet  n       -       y       -       -       smtpd
        pickup    unix  n       -       y       60      1       pickup
        # comment
        smtp      unix  -       -       y       -       -       smtp

        """

    private func node(_ change: (inout NodeSettings) throws -> Void = { _ in }) throws -> RelayNode {
        let settings = try exampleSettings(change)
        return try RelayNode(settings: settings, facts: exampleFacts())
    }

    private static let rich: @Sendable (inout NodeSettings) throws -> Void = { settings in
        settings.mail.submission = true
        settings.mail.upstream = Upstream(host: try DomainName("smtp.example.net"), port: 465)
    }

    private func restored(
        _ current: String,
        _ original: String = mainCf,
        written: String? = nil,
        isRelay: Bool = true
    ) -> Restoration {
        Restoration(mainCf: current, original: original, written: written, isRelay: isRelay)
    }

    private func restoredMaster(_ current: String, _ original: String = masterCf, written: String? = nil) -> Restoration
    {
        Restoration(masterCf: current, original: original, written: written)
    }

    @Test func theNamesOfTheAgentsParametersAreComplete() throws {
        let names = try node(Self.rich).postfix.parameters.map(\.name)
        #expect(names == PostfixConfiguration.ownNames)
    }

    @Test(arguments: [
        mainCf, "", "\n", "# only a comment", "biff = no", "mydomain = example.com\nmydomain = other.example\n",
        "myhostname = a\\\n.example.com\n", "\r\nmyorigin = x\r\n", mainCf + "\n\n", String(mainCf.dropLast()),
        "mynetworks = 10.0.0.0/8\n# between\n  192.168.0.0/16\nx = y\n", "biff = no\nx = y\nbiff =\n  yes\nbiff = no\n",
    ])
    func withoutOthersEditsAFileIsAsItWasToTheByte(original: String) throws {
        for node in [try node(), try node(Self.rich)] {
            let written = node.postfix.mainCf(from: original)
            let again = node.postfix.mainCf(from: written)
            for current in [
                written, again, MainCf(written).leaving(LeavingRoutes(handOver: "[x]:25", closed: ["a"])).text,
            ] {
                #expect(restored(current, original, written: written).text == original)
                #expect(!restored(current, original, written: written).isUnclear)
                #expect(restored(current, original).text == original)
            }
        }
    }

    @Test func whatOthersHaveWrittenStays() throws {
        let written = try node(Self.rich).postfix.mainCf(from: Self.mainCf)
        let current =
            written.replacing("alias_maps = hash:/etc/aliases", with: "alias_maps = texthash:/etc/aliases")
            .replacing("# See /usr", with: "# Edited by us.\n# See /usr")
            + "smtp_tls_fingerprint_cert_match = AA:BB\nsmtpd_milters = inet:127.0.0.1:8891,\n  inet:127.0.0.1:8892\n"
        let result = restored(current, written: written)
        let expected =
            Self.mainCf.replacing("alias_maps = hash:/etc/aliases", with: "alias_maps = texthash:/etc/aliases")
            .replacing("# See /usr", with: "# Edited by us.\n# See /usr")
            + "smtp_tls_fingerprint_cert_match = AA:BB\nsmtpd_milters = inet:127.0.0.1:8891,\n  inet:127.0.0.1:8892\n"
        #expect(result == Restoration(text: expected))
        // Someone's own parameter that the agent had set aside in favour of its own.
        let aside = "relayhost = [new.example.com]:25"
        let edited = current.replacing("relayhost = [old.example.com]:25", with: aside)
        #expect(
            restored(edited, written: written).text
                == expected.replacing("relayhost = [old.example.com]:25", with: aside)
        )
    }

    @Test func anEditOfTheAgentsOwnIsUnclear() throws {
        let written = try node().postfix.mainCf(from: Self.mainCf)
        let current = written.replacing("inet_interfaces = all", with: "inet_interfaces = 10.0.0.1")
        let result = restored(current, written: written)
        #expect(result.isUnclear)
        #expect(result.text == Self.mainCf)
    }

    @Test func aSendersRelayhostGoesAndAllElseStays() throws {
        let current = Self.mainCf.replacing("[old.example.com]:25", with: "[relay.example.com]:25")
        #expect(restored(current, isRelay: false).text == Self.mainCf)
        let edited = current.replacing("biff = yes", with: "biff = no") + "mynetworks = 10.0.0.0/8\n"
        let expected = Self.mainCf.replacing("biff = yes", with: "biff = no") + "mynetworks = 10.0.0.0/8\n"
        #expect(restored(edited, isRelay: false) == Restoration(text: expected))
    }

    @Test(arguments: [
        masterCf, "", "# smtp inet n - y - - smtpd\n",
        "127.0.0.1:smtp inet n - n - - smtpd\npickup unix n - n 60 1 pickup\n",
        "submission inet n - y - - smtpd\n  -o smtpd_sasl_auth_enable=yes\nsmtp inet n - n - - smtpd\n",
        "smtp      inet  n       -       n       -       -       smtpd\n", String(masterCf.dropLast()),
    ])
    func servicesAreAsTheyWere(original: String) throws {
        for node in [try node(), try node(Self.rich)] {
            let written = node.postfix.masterCf(from: original)
            #expect(restoredMaster(written, original, written: written) == Restoration(text: original))
        }
    }

    @Test func othersServicesStay() throws {
        let own = "2525 inet n - n - - smtpd\n  -o smtpd_client_restrictions=permit_mynetworks,reject\n"
        let option =
            "smtp      inet  n       -       y       -       -       smtpd\n  -o content_filter=scan:[127.0.0.1]:10024"
        let smtp = "smtp      inet  n       -       y       -       -       smtpd"
        let written = try node(Self.rich).postfix.masterCf(from: Self.masterCf)
        let current = written.replacing(smtp, with: option) + own
        let expected = Self.masterCf.replacing(smtp, with: option) + own
        #expect(restoredMaster(current, written: written) == Restoration(text: expected))
    }

    @Test func anEditOfTheAgentsOwnServiceIsUnclearAndStays() throws {
        let written = try node(Self.rich).postfix.masterCf(from: Self.masterCf)
        let current = written.replacing("syslog_name=postfix/submission", with: "syslog_name=ours")
        let result = restoredMaster(current, written: written)
        #expect(result.isUnclear)
        #expect(result.text.contains("syslog_name=ours"))
        #expect(!result.text.contains("evacuation") && !result.text.contains("smarthost"))
    }

    @Test func aFileThatIsTheAgentsAsAWholeComesBackAsItWas() throws {
        let written = try node().nginx.text
        func restored(_ current: String, written: String?) -> Restoration {
            Restoration(whole: current, original: "user nginx;\n", written: written)
        }
        #expect(restored(written, written: written) == Restoration(text: "user nginx;\n"))
        #expect(restored(written, written: nil) == Restoration(text: "user nginx;\n"))
        #expect(restored("user nginx;\n", written: written) == Restoration(text: "user nginx;\n"))
        #expect(restored(written + "# ours\n", written: written) == Restoration(text: "user nginx;\n", isUnclear: true))
        #expect(restored("daemon off;\n", written: nil) == Restoration(text: "user nginx;\n", isUnclear: true))
    }
}
