import RelayNode
import Testing
import Vocabulary

/// The listeners of master.cf that are doors, and those that can't be proven to be closed.
struct DoorsTests {
    private func doors(_ text: String, isProxied: Bool = false) throws -> Doors {
        Doors(MasterCf(text), at: try IPAddress("10.0.1.10"), isProxied: isProxied)
    }

    private func services(_ text: String) throws -> [String] { try doors(text).all.map(\.service) }

    /// The refusals of an smtpd entry with these words behind it.
    private func refusals(_ words: String, service: String = "smtp inet", isProxied: Bool = false) throws -> [String] {
        try doors("\(service) n - n - - smtpd\(words)\n", isProxied: isProxied).unprovable.map { refused in
            switch refused.reason {
            case .override(let name, let value): "\(name)=\(value)"
            case .argument(let word): word
            case .program(let program), .heir(let program), .command(let program): program
            case .instance(let folder): folder
            case .portName: "port"
            case .hostName: "host"
            }
        }
    }

    @Test(arguments: [
        " -o mynetworks=0.0.0.0/0", " -omynetworks=0.0.0.0/0", " -vo mynetworks=0.0.0.0/0",
        " -v -D -o mynetworks=0.0.0.0/0",
        " -o { mynetworks = 0.0.0.0/0 }", " -o {mynetworks=0.0.0.0/0}", " -o{mynetworks=0.0.0.0/0}",
        "\n  { -o mynetworks = 0.0.0.0/0 }", "\n\t{-o mynetworks=0.0.0.0/0}", " {-o} {mynetworks=0.0.0.0/0}",
        " { -omynetworks=0.0.0.0/0 }", "\r\n  -o mynetworks=0.0.0.0/0\r", "\n# a comment\n\n   -o mynetworks=0.0.0.0/0",
        " -o syslog_name=x -o mynetworks=0.0.0.0/0", " -o\n  mynetworks=0.0.0.0/0",
    ])
    func anOverrideIsFoundHoweverItIsWritten(words: String) throws {
        #expect(try refusals(words) == ["mynetworks=0.0.0.0/0"])
    }

    @Test(arguments: [
        "mynetworks=$relay_friends", "mynetworks_style=class", "mydestination=example.net", "relay_domains=example.net",
        "virtual_alias_domains=static:x", "virtual_mailbox_domains=x.example", "proxy_interfaces=192.0.2.1",
        "smtpd_relay_restrictions=permit", "smtpd_relay_restrictions=permit_mynetworks,permit",
        "smtpd_relay_restrictions=check_sender_access,inline:{a@example.net=OK},reject",
        "smtpd_recipient_restrictions=permit_sasl_authenticated,reject", "smtpd_data_restrictions=",
        "smtpd_recipient_restrictions=check_client_access,cidr:/etc/postfix/mine,reject",
        "smtpd_relay_restrictions=$mua_relay_restrictions", "insiders_only=permit",
        "smtpd_restriction_classes=insiders_only",
        "smtpd_authorized_xclient_hosts=10.0.0.0/8", "smtpd_authorized_xclient_hosts=",
        "smtpd_upstream_proxy_protocol=haproxy", "smtpd_command_filter=regexp:/tmp/x", "inet_interfaces=all",
        "local_recipient_maps=", "alias_maps=", "config_directory=/etc/other",
        "parent_domain_matches_subdomains=mynetworks",
    ])
    func whatMayOpenADoorIsRefused(override: String) throws {
        #expect(
            try refusals(" -o \(override)").map { $0.replacing(" ", with: "") } == [override.replacing(" ", with: "")]
        )
        #expect(try refusals(" -o \(override)", service: "2525 inet").count == 1)
        // postscreen hands its clients to such a service.
        #expect(try refusals(" -o \(override)", service: "smtpd pass").count == 1)
    }

    @Test(arguments: [
        "syslog_name=postfix/x", "smtpd_tls_security_level=encrypt", "smtpd_tls_wrappermode=yes",
        "smtpd_sasl_auth_enable=yes",
        "content_filter=scan:[127.0.0.1]:10024", "smtpd_proxy_filter=127.0.0.1:10024",
        "smtpd_milters=inet:127.0.0.1:8891",
        "receive_override_options=no_address_mappings", "smtpd_client_restrictions=permit_mynetworks,reject",
        "smtpd_sender_restrictions=reject_unknown_sender_domain", "smtpd_relay_restrictions=permit_mynetworks,reject",
        "smtpd_recipient_restrictions=permit_mynetworks,reject_unauth_destination,reject",
        "smtpd_recipient_restrictions=check_client_access,proxy:cidr:/etc/postfix/leaving_table,permit_mynetworks,reject",
        "smtpd_client_connection_count_limit=2", "soft_bounce=yes", "milter_macro_daemon_name=ORIGINATING",
        "smtpd_upstream_proxy_protocol=", "smtpd_delay_reject=no", "cleanup_service_name=other",
    ])
    func harmlessOverridesLeaveADoorProvable(override: String) throws {
        #expect(try refusals(" -o \(override)") == [])
        #expect(try refusals("\n  { -o \(override.replacing("=", with: " = ")) }") == [])
    }

    @Test(arguments: [
        "permit_mynetworks,reject", "PERMIT_MYNETWORKS,REJECT",
        "permit_mynetworks, reject_rbl_client bl.example.net, reject",
        "permit_mynetworks, defer_unauth_destination, reject", "permit_mynetworks, defer", "reject",
        "reject_rhsbl_reverse_client dbl.example.net permit_mynetworks reject_unverified_recipient reject",
        "permit_mynetworks, warn_if_reject reject_unknown_client_hostname, reject",
        "sleep 1, permit_mynetworks, reject",
        "permit_mynetworks, warn_if_reject reject_rbl_client reject, reject", "reject_invalid_hostname,reject",
    ])
    func aListThatEndsInARefusalIsClosed(list: String) throws {
        for name in ["relay", "recipient", "data"] {
            #expect(try refusals(" -o { smtpd_\(name)_restrictions = \(list) }") == [])
        }
    }

    @Test(arguments: [
        "", "permit_mynetworks", "permit_mynetworks, reject_unauth_destination", "permit, reject",
        "permit_mynetworks, warn_if_reject reject", "permit_mynetworks, reject_rbl_client reject", "reject_rbl_client",
        "permit_mynetworks, warn_if_reject warn_if_reject reject", "$relay_list, reject",
        "permit_auth_destination, reject",
        "check_client_access static:OK, reject", "permit_dnswl_client x.example, reject", "check_relay_domains, reject",
        "permit_sasl_authenticated, reject", "permit_mynetworks, reject, warn_if_reject defer", "insiders, reject",
    ])
    func aListThatMayPermitOthersIsNot(list: String) throws {
        #expect(try refusals(" -o { smtpd_relay_restrictions = \(list) }").count == 1)
    }

    @Test(arguments: [(" -c", "-c"), (" -S", "-S"), (" -n other", "-n"), (" more", "more"), (" -i5s", "-i")])
    func anyOtherWordOfTheCommandLineIsRefused(words: String, refused: String) throws {
        #expect(try refusals(words) == [refused])
    }

    @Test func aCommandIsKnownByItsLastPart() throws {
        let text = "2525 inet n - n - - ../../usr/libexec/postfix/smtpd -o mynetworks=0.0.0.0/0\n"
        #expect(try doors(text).unprovable.count == 1)
        #expect(try services("2525 inet n - n - - ../sbin/smtpd\n") == ["2525"])
    }

    @Test(arguments: [
        "127.0.0.1:10025", "localhost:10025", "[127.0.0.1]:10025", "[::1]:10025", "::1:10025", "127.0.0.2:smtp",
        "LOCALHOST:25",
    ])
    func whatOnlyThisHostReachesIsNoDoor(service: String) throws {
        let found = try doors("\(service) inet n - n - - smtpd\n  -o mynetworks=127.0.0.0/8\n  -o content_filter=\n")
        #expect(found.all.isEmpty && found.unprovable.isEmpty)
        // Nor is any program there.
        #expect(try doors("\(service) inet n n n - 0 spawn user=nobody argv=/usr/bin/policyd\n").unprovable.isEmpty)
    }

    @Test(arguments: [
        ("smtp", 25), ("25", 25), ("submission", 587), ("smtps", 465), ("submissions", 465), ("2525", 2525),
        ("10025", 10025),
        ("0.0.0.0:25", 25), ("10.0.1.10:25", 25), ("[10.0.1.10]:smtp", 25), (":25", 25),
    ])
    func aDoorIsReachedAtTheNodesAddress(service: String, port: UInt16) throws {
        let door = try #require(try doors("\(service) inet n - n - - smtpd\n").all.first)
        #expect("\(door.address)" == "10.0.1.10" && door.port == port)
    }

    @Test func aDoorOfAnotherAddressIsReachedThere() throws {
        let all = try doors("10.0.1.11:25 inet n - n - - smtpd\n[2001:db8::1]:25 inet n - n - - smtpd\n").all
        #expect(all.map { "\($0.address)" } == ["10.0.1.11", "2001:db8::1"])
    }

    @Test(arguments: [("mail.example.com:25 inet", "host"), ("mailgate inet", "port")])
    func aNameThatNobodyCanTellIsRefused(service: String, refused: String) throws {
        #expect(try refusals("", service: service) == [refused])
    }

    @Test(arguments: ["spawn user=nobody argv=/usr/sbin/sendmail -bs", "qmqpd", "/usr/bin/other"])
    func anotherProgramAtADoorIsRefused(command: String) throws {
        let found = try doors("2525 inet n - n - - \(command)\n")
        #expect(found.all.isEmpty && found.unprovable.count == 1)
    }

    @Test func postscreenIsADoorAndSoIsWhatItHandsTo() throws {
        let text = "smtp inet n - n - 1 postscreen\nsmtpd pass - - n - - smtpd\ntlsproxy unix - - n - 0 tlsproxy\n"
        #expect(try services(text) == ["smtp"])
        #expect(try doors(text).unprovable.isEmpty)
        #expect(try doors(text, isProxied: true).all.map(\.isProxied) == [true])
        #expect(try doors(text + "other pass - - n - - smtpd -o mynetworks=0/0\n").unprovable.count == 1)
    }

    @Test(arguments: ["taker", "postscreen", "other", "../x/taker"])
    func postscreenHandsToSmtpdAlone(program: String) throws {
        let found = try doors("smtp inet n - n - 1 postscreen\nsmtpd pass - - n - - \(program)\n").unprovable
        #expect(found.map(\.reason) == [.heir(program)])
        #expect("\(try #require(found.first))".contains("runs '\(program)'"))
    }

    @Test func aProgramThatIsNotPostfixsOwnIsRefusedWhereverItStands() throws {
        let text = "smtp inet n - n - - smtpd\n2525 inet n - n - - /x/smtpd\nsmtpd pass - - n - - ./smtpd\n"
        let found = Doors(MasterCf(text), at: try IPAddress("10.0.1.10"), isProxied: false) { !$0.contains("/") }
        #expect(found.all.map(\.service) == ["smtp"])
        #expect(found.unprovable.map(\.reason) == [.command("/x/smtpd"), .command("./smtpd")])
    }

    @Test func aDoorOfAFurtherInstanceIsNamedWithItsCure() throws {
        let master = "127.0.0.1:2500 inet n - n - - smtpd\n2525 inet n - n - - smtpd\npickup unix n - n 60 1 pickup\n"
        func doors(_ main: String) -> [UnprovableDoor] {
            FurtherInstance(folder: "/etc/postfix/second", main: main, master: master).doors
        }
        let found = doors("queue_directory = /var/spool/second\n")
        #expect(found.map(\.service) == ["2525"])
        let text = "\(try #require(found.first))"
        #expect(text.hasPrefix("/etc/postfix/second/master.cf: the '2525' service belongs to a further instance"))
        #expect(text.contains("'postfix -c /etc/postfix/second stop'"))
        for harmless in [
            "inet_interfaces = loopback-only", "inet_interfaces = localhost, [::1]", "master_service_disable = inet",
        ] {
            #expect(doors(harmless).isEmpty)
        }
        #expect(doors("inet_interfaces = 127.0.0.1, 10.0.1.10").count == 1)
    }

    @Test func aServiceThatTheDoorsNeedIsMissed() {
        let master =
            "cleanup unix n - n - 0 cleanup\nrewrite unix - - n - - trivial-rewrite\nproxymap unix - - n - - proxymap\n"
        func missing(_ master: String, _ main: String = "") -> String? {
            DoorServices(MasterCf(master), MainCf(main)).missing(.always)
        }
        #expect(missing(master) == "qmgr")
        #expect(missing(master + "qmgr fifo n - n 300 1 qmgr\n") == nil)
        #expect(missing(master + "qmgr unix n - n 300 1 qmgr\n", "cleanup_service_name = other\n") == "other")
        let rest = master.replacing("proxymap", with: "proxywrite")
        #expect(missing(rest + "qmgr unix n - n 300 1 qmgr\n") == "proxymap")
        #expect(DoorServices(MasterCf(master), MainCf("")).missing(.mostly) == "tlsmgr")
    }

    @Test func aDoorKnowsItsProtocols() throws {
        let text = """
            smtp inet n - n - - smtpd
            2525 inet n - n - - smtpd -o smtpd_upstream_proxy_protocol=
            465 inet n - n - - smtpd -o smtpd_tls_wrappermode=yes

            """
        #expect(try doors(text, isProxied: true).all.map(\.isProxied) == [true, false, true])
        #expect(try doors(text).all.map(\.isProxied) == [false, false, false])
        #expect(try doors(text).all.map(\.isImplicitTLS) == [false, false, true])
    }

    @Test func whatIsNoListenerIsNoDoor() throws {
        #expect(
            try services("pickup unix n - n 60 1 pickup\nsmtp unix - - n - - smtp\n# 26 inet n - n - - smtpd\n") == []
        )
    }

    @Test func theErrorNamesServiceOptionAndCure() throws {
        let refused = try #require(try doors("2525 inet n - n - - smtpd -o { mynetworks = 0/0 }\n").unprovable.first)
        #expect(
            "\(refused)" == """
                /etc/postfix/master.cf: the '2525' service sets '-o mynetworks=0/0', so nobody can prove that it is closed to \
                strangers; remove that option, or let the service listen on 127.0.0.1 only, and run 'smtp-relay-agent \
                reconcile'
                """
        )
    }

    @Test(arguments: [
        "nonsense", "smtp inet n - n - -", "smtp tcp n - n - - smtpd", "smtp inet yes - n - - smtpd",
        "smtp inet n - n soon - smtpd", "smtp inet n - n - many smtpd",
    ])
    func aLineThatTheMasterCantReadIsSeen(line: String) {
        let stock =
            "smtp inet n - n - - smtpd\n  -o a=b\n# comment\npickup unix n - n 60 1 pickup\ntlsmgr unix - - n 1000? 1 tlsmgr\n"
        #expect(MasterCf(stock).isReadable)
        #expect(!MasterCf(stock + line + "\n").isReadable)
        #expect(MasterCf(stock + "# \(line)\n").isReadable)
    }

    @Test func theServicesThatAnotherFileLacksAreLeft() {
        let file = MasterCf("smtp inet n - n - - smtpd -o a=b\n2525 inet n - n - - smtpd\n")
        #expect(file.without(servicesOf: MasterCf("smtp inet n - n - - smtpd\n")).entries.map(\.service) == ["2525"])
    }
}
