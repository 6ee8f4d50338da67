import RelayNode
import RelayTestSupport
import Testing
import Vocabulary

struct RelayNodeTests {
    private func parameter(_ name: String, of node: RelayNode) -> String? {
        node.postfix.parameters.first { $0.name == name }?.value
    }

    @Test func postfixRelaysForLoopbackAndTheVPC() throws {
        let node = try RelayNode(settings: exampleSettings(), facts: exampleFacts())
        #expect(parameter("mynetworks", of: node) == "127.0.0.0/8 10.0.0.0/16 10.1.0.0/16")
        #expect(parameter("mydomain", of: node) == "example.com")
        #expect(parameter("myhostname", of: node) == "ip-10-0-1-10.example.com")
        #expect(parameter("mydestination", of: node) == "$myhostname, localhost.$mydomain, localhost")
        #expect(parameter("inet_interfaces", of: node) == "all")
        #expect(parameter("inet_protocols", of: node) == "ipv4")
        let policy = "permit_mynetworks, reject_unauth_destination, reject"
        #expect(parameter("smtpd_relay_restrictions", of: node) == policy)
        let leaving = "check_client_access proxy:cidr:/etc/postfix/leaving_table"
        #expect(parameter("smtpd_recipient_restrictions", of: node) == "\(leaving), \(policy)")
        #expect(parameter("smtpd_authorized_xclient_hosts", of: node) == "10.0.1.10")
        #expect(parameter("disable_vrfy_command", of: node) == "yes")
        #expect(parameter("smtpd_banner", of: node) == "$myhostname ESMTP")
    }

    @Test(arguments: [
        ("", "ipv4"), ("smtp_address_preference = any\n", "any"), ("smtp_address_preference = ipv6\n", "ipv6"),
    ])
    func mailLeavesByIPv4FirstUnlessTheOperatorSaysOtherwise(main: String, expected: String) throws {
        var facts = try exampleFacts()
        let without = try RelayNode(settings: exampleSettings(), facts: facts).postfix
        #expect(MainCf(without.mainCf(from: ""))["smtp_address_preference"] == nil)
        facts.ipv6Addresses = [try IPAddress("2001:db8:1::10")]
        let postfix = try RelayNode(settings: exampleSettings(), facts: facts).postfix
        let once = postfix.mainCf(from: main)
        #expect(MainCf(once)["smtp_address_preference"] == expected)
        #expect(postfix.mainCf(from: once) == once)
        #expect(MainCf(without.mainCf(from: once))["smtp_address_preference"] == (main.isEmpty ? nil : expected))
    }

    @Test func settingsAreTakenUp() throws {
        let settings = try exampleSettings {
            $0.mail.hostname = try DomainName("relay.example.com")
            $0.mail.destinations = [try DomainName("bounce.example.com")]
            $0.mail.networks = [.subnet, .network(try IPNetwork("192.168.7.0/24")), .subnet]
        }
        let node = try RelayNode(settings: settings, facts: exampleFacts())
        #expect(parameter("myhostname", of: node) == "relay.example.com")
        #expect(parameter("mydestination", of: node)?.hasSuffix(", bounce.example.com") == true)
        #expect(parameter("mynetworks", of: node) == "127.0.0.0/8 10.0.1.0/24 192.168.7.0/24")
    }

    @Test func whatItGreetsWithIsTheNameOfItsPublicAddressUnlessASettingNamesTheHost() throws {
        func greeting(_ change: (inout NodeSettings, inout InstanceFacts) throws -> Void) throws -> String? {
            var (settings, facts) = (try exampleSettings(), try exampleFacts())
            try change(&settings, &facts)
            let node = try RelayNode(settings: settings, facts: facts)
            #expect(parameter("smtp_helo_name", of: node) == nil)
            return MainCf(node.postfix.mainCf(from: ""))["smtp_helo_name"]
        }
        let name = try DomainName("mail.example.com")
        #expect(try greeting { $1.publicName = name } == "mail.example.com")
        #expect(try greeting { _, _ in } == nil)
        #expect(try greeting { $1.publicAddress = try IPAddress("198.51.100.7") } == nil)
        #expect(
            try greeting {
                $1.publicName = name
                $0.mail.hostname = try DomainName("relay.example.com")
            } == nil
        )
    }

    @Test func ipv6ComesWithAnIPv6Address() throws {
        let facts = try exampleFacts(networks: ["10.0.0.0/16", "2001:db8:1::/56"], ipv6: ["2001:db8:1::10"])
        let node = try RelayNode(settings: exampleSettings(), facts: facts)
        #expect(parameter("mynetworks", of: node) == "127.0.0.0/8 [::1]/128 10.0.0.0/16 [2001:db8:1::]/56")
        #expect(parameter("inet_protocols", of: node) == "all")
        #expect(node.nginx.text.contains("listen [::]:80 default_server;"))
        let without = try RelayNode(
            settings: exampleSettings(),
            facts: exampleFacts(networks: ["10.0.0.0/16", "2001:db8:1::/56"])
        )
        #expect(parameter("mynetworks", of: without) == "127.0.0.0/8 10.0.0.0/16")
    }

    @Test(arguments: ["0.0.0.0/0", "::/0", "203.0.0.0/16", "2001:db8::/32", "10.0.0.0/7"])
    func wideNetworksAreRefused(text: String) throws {
        let settings = try exampleSettings { $0.mail.networks = [.vpc, .network(try IPNetwork(text))] }
        #expect {
            try RelayNode(settings: settings, facts: exampleFacts(ipv6: ["2001:db8::1"]))
        } throws: { error in
            "\(error)".contains(text) && "\(error)".contains("mail.networks")
        }
    }

    @Test func aNamedPublicRangeIsAllowedButNeverEveryone() throws {
        let wide = try IPNetwork("203.0.0.0/16")
        let everyone = try IPNetwork("0.0.0.0/0")
        let named = try exampleSettings {
            $0.mail.networks = [.network(wide)]
            $0.mail.allowPublicNetworks = [wide]
        }
        #expect(
            parameter("mynetworks", of: try RelayNode(settings: named, facts: exampleFacts()))?.contains("203.0.0.0/16")
                == true
        )
        let open = try exampleSettings {
            $0.mail.networks = [.network(everyone)]
            $0.mail.allowPublicNetworks = [everyone]
        }
        #expect(throws: RefusedNetworks.self) { try RelayNode(settings: open, facts: exampleFacts()) }
    }

    @Test func theSelfTestTriesEachNetworkAndItsNeighbours() throws {
        let test = try RelayNode(settings: exampleSettings(), facts: exampleFacts()).selfTest
        #expect(test.insiders.map(\.description) == ["127.0.0.1", "10.0.0.1", "10.1.0.1"])
        let outsiders = test.outsiders.map(\.description)
        #expect(outsiders.contains("192.0.2.25"))
        #expect(outsiders.contains("9.255.255.255"))
        #expect(outsiders.contains("10.2.0.0"))
        #expect(!outsiders.contains("10.1.0.0"))
    }

    /// The wanted master.cf, without the way to the other relays.
    private func doors(of postfix: PostfixConfiguration, _ text: String) -> String {
        var file = MasterCf(postfix.masterCf(from: text))
        for entry in file.entries where entry.service == "evacuation" { file.remove(entry) }
        return file.text
    }

    @Test func theWayToTheOtherRelaysIsAlwaysThere() throws {
        let postfix = try RelayNode(settings: exampleSettings(), facts: exampleFacts()).postfix
        let text = postfix.masterCf(from: "smtp inet n - n - - smtpd\n")
        let entry = try #require(MasterCf(text).entries.first { $0.service == "evacuation" })
        #expect(entry.program == "smtp")
        let overrides = Dictionary(entry.overrides.map { ($0.name, $0.value) }) { $1 }
        #expect(overrides["soft_bounce"] == "yes")
        #expect(overrides["myhostname"] == "leaving.$mydomain")
        #expect(overrides["smtp_tls_security_level"] == "may")
        #expect(postfix.masterCf(from: text) == text)
        #expect(MasterCf("smtp inet n - n - - smtpd\n").havingEvacuation.text == text)
    }

    @Test func theDoorsAreWhatOtherHostsReach() {
        let file = MasterCf(
            """
            smtp inet n - n - 1 postscreen
            smtpd pass - - n - - smtpd
            submission inet n - n - - smtpd
            127.0.0.1:10026 inet n - n - - smtpd
            smtp unix - - n - - smtp

            """
        )
        #expect(file.doors == ["smtp.inet", "smtpd.pass", "submission.inet"])
    }

    @Test func masterCfListensWhereTheLoadBalancerSends() throws {
        let postfix = try RelayNode(settings: exampleSettings(), facts: exampleFacts()).postfix
        let stock = "smtp inet n - n - - smtpd\n"
        let opened = "smtp      inet  n       -       n       -       -       smtpd\n"
        #expect(doors(of: postfix, stock) == stock)
        #expect(doors(of: postfix, "") == opened)
        for service in ["127.0.0.1:smtp", "localhost:25", "[::1]:25", "10.0.9.9:25"] {
            #expect(doors(of: postfix, "\(service) inet n - n - - smtpd -o mynetworks=127.0.0.0/8\n") == opened)
            // Beside one that serves, it is none of the agent's affairs.
            let both = "\(service) inet n - n - - smtpd\n" + stock
            #expect(doors(of: postfix, both) == both)
        }
        for service in ["\(postfix.address):25", "0.0.0.0:smtp", "25"] {
            let own = "\(service) inet n - n - - smtpd\n"
            #expect(doors(of: postfix, own) == own)
        }
        let screened = "smtp inet n - n - 1 postscreen\nsmtpd pass - - n - - smtpd\n"
        #expect(doors(of: postfix, screened) == screened)
    }

    @Test func theFormerSelfTestsListenerGoesAndAFiltersStays() throws {
        let postfix = try RelayNode(settings: exampleSettings(), facts: exampleFacts()).postfix
        let stock = "smtp inet n - n - - smtpd\n"
        let former = """
            127.0.0.1:10025 inet n - n - 2 smtpd
              -o syslog_name=postfix/self-test
              -o smtpd_authorized_xclient_hosts=127.0.0.0/8

            """
        #expect(doors(of: postfix, stock + former) == stock)
        #expect(doors(of: postfix, stock + former + "  -o smtpd_upstream_proxy_protocol=\n") == stock)
        for service in ["127.0.0.1:10025", "localhost:10025", "10025"] {
            let filter = stock + "\(service) inet n - n - - smtpd\n  -o content_filter=\n  -o mynetworks=127.0.0.0/8\n"
            #expect(doors(of: postfix, filter) == filter)
        }
    }

    @Test func whoIsBelievedToSpeakForOthersIsTheLoadBalancerWhereItIsAskedTo() throws {
        #expect(try mainCf { _ in }["smtpd_upstream_proxy_protocol"] == "")
        #expect(try mainCf { $0.proxyProtocol = true }["smtpd_upstream_proxy_protocol"] == "haproxy")
        let settings = try exampleSettings { $0.mail.proxyProtocol = true }
        let node = try RelayNode(settings: settings, facts: exampleFacts())
        #expect(node.postfix.isProxied && node.selfTest.isProxied)
        #expect(try mainCf { $0.proxyProtocol = true }["postscreen_upstream_proxy_protocol"] == "haproxy")
    }

    @Test func thisNodeAloneMaySpeakForOthersAndDataIsASecondBarrier() throws {
        let file = try mainCf { _ in }
        #expect(file["smtpd_authorized_xclient_hosts"] == "10.0.1.10")
        #expect(file["smtpd_data_restrictions"] == "permit_mynetworks, reject")
    }

    @Test func nginxWaitsForAHeaderWhereHealthChecksHaveOne() throws {
        let arn = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/relay/0123abcd"
        func listeners(_ change: (inout NodeSettings) throws -> Void, ipv6: [String] = []) throws -> [String] {
            let settings = try exampleSettings {
                $0.mail.proxyProtocol = true
                $0.loadBalancer.targetGroups = [try TargetGroupARN(arn)]
                try change(&$0)
            }
            let text = try RelayNode(settings: settings, facts: exampleFacts(ipv6: ipv6)).nginx.text
            return text.split(separator: "\n").filter { $0.contains(" listen ") }.map {
                $0.split(separator: " ").joined(separator: " ")
            }
        }
        let own = "listen 127.0.0.1:8008 default_server;"
        #expect(try listeners { _ in } == ["listen 80 default_server proxy_protocol;", own])
        #expect(
            try listeners({ _ in }, ipv6: ["2001:db8::10"])
                == [
                    "listen 80 default_server proxy_protocol;", "listen [::]:80 default_server proxy_protocol;", own,
                ]
        )
        #expect(
            try listeners { $0.health.proxyPort = 81 }
                == ["listen 80 default_server;", "listen 81 default_server proxy_protocol;"]
        )
        #expect(try listeners { $0.loadBalancer.targetGroups = [] } == ["listen 80 default_server;"])
        #expect(try listeners { $0.mail.proxyProtocol = false } == ["listen 80 default_server;"])
    }

    private func mainCf(_ change: (inout NodeSettings.Mail) throws -> Void) throws -> MainCf {
        let settings = try exampleSettings { try change(&$0.mail) }
        let node = try RelayNode(settings: settings, facts: exampleFacts(), authorities: "/ca.crt")
        return MainCf(node.postfix.mainCf(from: ""))
    }

    @Test func mailGoesOutByTLSAsPostfixNamesIt() throws {
        let opportunistic = try mainCf { _ in }
        #expect(opportunistic["smtp_tls_security_level"] == "may")
        #expect(opportunistic["smtp_tls_CAfile"] == nil)
        for level in [TLSLevel.verify, .secure] {
            let file = try mainCf { $0.outboundTLS = level }
            #expect(file["smtp_tls_security_level"] == level.rawValue)
            #expect(file["smtp_tls_CAfile"] == "/ca.crt")
        }
        #expect(try mainCf { $0.outboundTLS = .daneOnly }["smtp_dns_support_level"] == "dnssec")
    }

    @Test func aDomainWithATransportIsRelayedTo() throws {
        let settings = try exampleSettings {
            $0.mail.transports = [
                try Transport("example.com=[mx.internal]:25"), try Transport("b.example=mail.example"),
            ]
        }
        let node = try RelayNode(settings: settings, facts: exampleFacts())
        let file = MainCf(node.postfix.mainCf(from: "transport_maps = hash:/etc/postfix/transport\n"))
        #expect(file["relay_domains"] == "example.com, b.example")
        #expect(file["transport_maps"] == "texthash:/etc/postfix/transport_table")
        let rows = "\nexample.com smtp:[mx.internal]:25\nb.example smtp:mail.example\n"
        #expect(node.postfix.tables.map(\.text).joined().hasSuffix(rows))
        #expect(node.selfTest.domains.map(\.description) == ["example.com", "b.example"])
        let without = try RelayNode(settings: exampleSettings(), facts: exampleFacts()).postfix
        #expect(MainCf(without.mainCf(from: file.text))["transport_maps"] == "hash:/etc/postfix/transport")
        #expect(without.tables.isEmpty)
    }

    @Test(arguments: ["[mx.internal]:25", "[10.0.0.7]", "[ipv6:2001:db8::1]:2525", "mail.example", "mail.example:26"])
    func aNextHopIsWrittenAsPostfixWritesIt(text: String) throws {
        #expect(try NextHop(text).description == text)
    }

    @Test(arguments: [
        "", "[]", "mx", "10.0.0.7", "[mx.internal", "[mx.internal]:0", "[mx.internal]:99999", "[a.b] c.d", "[::1]:25",
        "smtp:[a.b]", "a.b:x", "a.b\n",
    ])
    func whatIsNoNextHopIsRefused(text: String) {
        #expect(throws: InvalidValue.self) { try NextHop(text) }
    }

    private func upstream(port: UInt16 = 587, login: Bool = true) throws -> RelayNode {
        let user = try UserName("relay"), file = try PlainPath("/secret")
        let settings = try exampleSettings {
            $0.mail.upstream = Upstream(
                host: try DomainName("smtp.example.net"),
                port: port,
                login: login ? Upstream.Login(user: user, password: .file(file)) : nil
            )
        }
        let password = login ? Secret("pass:word #1") : nil
        return try RelayNode(settings: settings, facts: exampleFacts(), authorities: "/ca.crt", password: password)
    }

    @Test func aSmarthostTakesAllMailByVerifiedTLSWithAPassword() throws {
        let node = try upstream()
        let own = "relayhost = [mine]\n"
        let file = MainCf(node.postfix.mainCf(from: own))
        #expect(file["relayhost"] == "[smtp.example.net]:587")
        #expect(file["smtp_sasl_auth_enable"] == "yes")
        #expect(file["smtp_sasl_password_maps"] == "texthash:/etc/postfix/sasl_password_table")
        #expect(file["smtp_sasl_security_options"] == "noanonymous")
        #expect(file["smtp_tls_CAfile"] == "/ca.crt")
        #expect(file["smtp_tls_security_level"] == "may")
        #expect(file["default_transport"] == nil)
        let tables = Dictionary(uniqueKeysWithValues: node.postfix.tables.map { ($0.name, $0.text) })
        #expect(tables[.passwords]?.hasSuffix("\n[smtp.example.net]:587 relay:pass:word #1\n") == true)
        #expect(tables[.tlsPolicies]?.hasSuffix("\n[smtp.example.net]:587 secure\n") == true)
        #expect(PostfixTable.Name.allCases.filter(\.isSecret) == [.passwords])
        #expect(!file.text.contains("pass:word"))
        #expect(node.packages.map(\.name) == ["postfix", "nginx", "cyrus-sasl-plain"])
        let without = try RelayNode(settings: exampleSettings(), facts: exampleFacts())
        #expect(MainCf(without.postfix.mainCf(from: file.text))["relayhost"] == "[mine]")
        #expect(without.packages.map(\.name) == ["postfix", "nginx"])
    }

    @Test func withoutThePasswordPostfixGoesOnWithTheOneItHas() throws {
        let user = try UserName("relay"), file = try PlainPath("/secret"), host = try DomainName("smtp.example.net")
        let settings = try exampleSettings {
            $0.mail.upstream = Upstream(host: host, login: Upstream.Login(user: user, password: .file(file)))
        }
        let postfix = try RelayNode(settings: settings, facts: exampleFacts(), authorities: "/ca.crt").postfix
        #expect(postfix.keptTable == .passwords)
        #expect(postfix.tables.map(\.name) == [.tlsPolicies])
        #expect(try postfix.mainCf(from: "") == upstream().postfix.mainCf(from: ""))
        #expect(try upstream().postfix.keptTable == nil)
    }

    /// Configuration management that appends a line at each of its runs must not let the file grow.
    @Test(arguments: [
        "biff = yes\n", "biff = no\n", "mynetworks =\n  0.0.0.0/0\n", "biff = yes\nbiff = no\nbiff = yes\n",
    ])
    func whatIsAppendedToMainCfGoesWithoutATrace(lines: String) throws {
        let postfix = try RelayNode(settings: exampleSettings(), facts: exampleFacts()).postfix
        let main = postfix.mainCf(from: "smtp_bind_address = 10.0.1.10\nsmtp_bind_address = 10.0.1.11\nbiff = yes\n")
        #expect(main.contains("smtp_bind_address = 10.0.1.10\nsmtp_bind_address = 10.0.1.11\nbiff = no\n"))
        #expect(postfix.mainCf(from: main + lines) == main)
    }

    @Test func whatTwoSettingsAskForIsThereOnce() throws {
        let settings = try exampleSettings {
            $0.mail.upstream = Upstream(host: try DomainName("smtp.example.net"))
            $0.mail.outboundTLS = .verify
        }
        let asked = try RelayNode(settings: settings, facts: exampleFacts()).postfix.asked.map(\.name)
        #expect(asked.filter { $0 == "smtp_tls_CAfile" }.count == 1)
    }

    @Test func aSmarthostWithoutAUserIsToldNone() throws {
        let node = try upstream(login: false)
        #expect(MainCf(node.postfix.mainCf(from: ""))["smtp_sasl_auth_enable"] == nil)
        #expect(node.postfix.tables.map(\.name) == [.tlsPolicies])
        #expect(node.packages.map(\.name) == ["postfix", "nginx"])
    }

    @Test func tlsBeginsAtOnceOn465() throws {
        let node = try upstream(port: 465)
        #expect(MainCf(node.postfix.mainCf(from: ""))["default_transport"] == "smarthost")
        let stock = "smtp inet n - n - - smtpd\n"
        let entries = MasterCf(node.postfix.masterCf(from: stock)).entries
        let entry = try #require(entries.first { $0.service == "smarthost" })
        #expect(entry.overrides.contains { $0 == ("smtp_tls_wrappermode", "yes") })
        let without = try upstream().postfix
        #expect(without.masterCf(from: node.postfix.masterCf(from: stock)) == without.masterCf(from: stock))
    }

    @Test func deliveryIsSetUnderPostfixsOwnNames() throws {
        let file = try mainCf {
            $0.delivery.messageSizeLimit = 60_000_000
            $0.delivery.maximalQueueLifetime = try PostfixTime("3d")
            $0.delivery.bounceQueueLifetime = try PostfixTime("1d")
            $0.delivery.destinationConcurrencyLimit = 5
            $0.delivery.destinationRateDelay = try PostfixTime("1s")
        }
        #expect(file["message_size_limit"] == "60000000")
        #expect(file["mailbox_size_limit"] == "60000000")
        #expect(file["maximal_queue_lifetime"] == "3d")
        #expect(file["bounce_queue_lifetime"] == "1d")
        #expect(file["default_destination_concurrency_limit"] == "5")
        #expect(file["default_destination_rate_delay"] == "1s")
        #expect(file["smtp_header_checks"] == nil)
        #expect(try mainCf { $0.delivery.messageSizeLimit = 1000 }["mailbox_size_limit"] == nil)
        #expect(try mainCf { $0.delivery.messageSizeLimit = 0 }["mailbox_size_limit"] == "0")
    }

    @Test func theQueuesDiskHasRoomForTheLargestMessages() throws {
        func room(_ limit: Int?) throws -> UInt64 {
            let settings = try exampleSettings { $0.mail.delivery.messageSizeLimit = limit }
            return try RelayNode(settings: settings, facts: exampleFacts()).selfTest.leastFreeSpace
        }
        #expect(try room(nil) == 64 << 20)
        #expect(try room(1000) == 64 << 20)
        #expect(try room(100_000_000) == 200_000_000)
    }

    @Test(arguments: ["", "5", "d", "5x", "-1d", "101d", "1.5h", "5 d", "99999999999999999999d"])
    func aTimeWithoutUnitOrReasonIsRefused(text: String) {
        #expect(throws: InvalidValue.self) { try PostfixTime(text) }
    }

    @Test func mainCfHasTimesWithoutUnits() {
        let read = ["20", "20s", "2m", "0", "x", "1.5", ""].map(PostfixTime.seconds(inMainCf:))
        #expect(read == [20, 20, 120, 0, nil, nil, nil])
    }

    @Test func aSecretIsNotPrinted() {
        let secret = Secret("hunter2")
        #expect("\(secret) \([secret]) \(String(reflecting: secret))" == "(secret) [(secret)] (secret)")
    }

    @Test func sendersFindTLSWhereThereIsACertificate() throws {
        #expect(try mainCf { _ in }["smtpd_tls_security_level"] == nil)
        let paths = CertificateFiles(certificate: try PlainPath("/tls/c.pem"), key: try PlainPath("/tls/k.pem"))
        let file = try mainCf { $0.certificate = paths }
        #expect(file["smtpd_tls_security_level"] == "may")
        #expect(file["smtpd_tls_cert_file"] == "/tls/c.pem")
        #expect(file["smtpd_tls_key_file"] == "/tls/k.pem")
    }

    @Test(arguments: ["", "relative", "/a b", "/a,b", "/$x", "/a\nb", "/folder/"])
    func aPathThatPostfixWouldReadOtherwiseIsNone(text: String) {
        #expect(throws: InvalidValue.self) { try PlainPath(text) }
    }

    @Test func submissionIsADoorMoreWhileItIsAskedFor() throws {
        let with = try RelayNode(settings: exampleSettings { $0.mail.submission = true }, facts: exampleFacts())
        let without = try RelayNode(settings: exampleSettings(), facts: exampleFacts()).postfix
        #expect(with.postfix.ports == [25, 587])
        #expect(with.selfTest.ports == [25, 587])
        let stock = without.masterCf(from: "smtp inet n - n - - smtpd\n")
        let text = with.postfix.masterCf(from: stock)
        #expect(MasterCf(text).entries.map(\.service) == ["smtp", "evacuation", "submission"])
        #expect(with.postfix.masterCf(from: text) == text)
        #expect(without.masterCf(from: text) == stock)
        let own = stock + "587 inet n - n - - smtpd\n  -o smtpd_tls_security_level=may\n"
        #expect(with.postfix.masterCf(from: own) == own)
        #expect(without.masterCf(from: own) == own)
    }

    @Test func listenersNeedARestartAndTheRestAReload() {
        let main = "inet_interfaces = all\nmynetworks = 127.0.0.0/8\n"
        #expect(PostfixConfiguration.action(from: main, to: main) == .none)
        #expect(PostfixConfiguration.action(from: main, to: main + "biff = no\n") == .reload)
        #expect(PostfixConfiguration.action(from: main, to: main.replacing("all", with: "localhost")) == .restart)
        #expect(PostfixConfiguration.action(from: main, to: main + "inet_protocols = ipv4\n") == .restart)
    }

    /// A reload that fails leaves nginx at work, so it is preferred. But it can't have another address on a port that it
    /// still holds, and what else a foreign nginx.conf takes in is not known.
    @Test(arguments: [
        ("listen 80;\n", "listen 80;\ngzip off;\n", ServiceAction.reload),
        ("listen 80;\n", "listen 8080;\n", .reload),
        ("listen 80;\n", "listen 80;\nlisten [::]:80;\n", .reload),
        ("listen 80 default_server;\n", "listen 80 default_server proxy_protocol;\n", .reload),
        ("listen 80;\n", "listen 127.0.0.1:80;\n", .restart),
        ("listen [::]:80;\n", "listen [::1]:80;\n", .restart),
        ("pid /run/x;\n", "pid /var/run/x;\n", .restart),
    ])
    func nginxIsReloadedWhereItCanBe(from before: String, to after: String, action: ServiceAction) throws {
        let header = try #require(
            RelayNode(settings: exampleSettings(), facts: exampleFacts()).nginx.text.split(separator: "\n").first
        )
        let own = "\(header)\n"
        #expect(NginxConfiguration.action(from: own + before, to: own + after) == action)
        #expect(NginxConfiguration.action(from: before, to: own + after) == .restart)
    }

    @Test func nginxServesTheHealthCheckToTheVPCAndNothingElse() throws {
        let settings = try exampleSettings { $0.health = NodeSettings.Health(port: 8080, path: try HealthPath("/up")) }
        let text = try RelayNode(settings: settings, facts: exampleFacts()).nginx.text
        #expect(text.contains("listen 8080 default_server;"))
        // The path is as in scripts of System V's; elsewhere it is the same as /run/nginx.pid.
        #expect(text.contains("pid /var/run/nginx.pid;"))
        #expect(text.contains("location = /up {"))
        #expect(
            text.contains(
                "allow 127.0.0.0/8;\n            allow 10.0.0.0/16;\n            allow 10.1.0.0/16;\n            deny all;"
            )
        )
        #expect(text.contains("access_log off;"))
        #expect(text.contains("return 404;"))
    }

    @Test func nginxShowsTheMetricsToWhomTheHealthCheckIsShown() throws {
        let text = try RelayNode(settings: exampleSettings(), facts: exampleFacts()).nginx.text
        let locations = text.split(separator: "location = ").dropFirst().map { part in
            part.split(separator: "\n").map { $0.drop(while: \.isWhitespace) }.filter {
                $0.hasPrefix("allow ") || $0.hasPrefix("deny ")
            }
        }
        #expect(locations.count == 2)
        #expect(locations[0] == locations[1] && locations[0].last == "deny all;")
        #expect(text.contains("location = /metrics {"))
        #expect(text.contains("alias /run/smtp-relay-agent/metrics;"))
    }
}
