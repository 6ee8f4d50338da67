import RelayNode
import RelayTestSupport
import Testing
import Vocabulary

/// The files for the Postfix of each system: nothing that it lacks, and no open relay by its own rules.
struct SystemsPostfixTests {
    /// A system's oldest Postfix, and the table types that its packages have without another one.
    struct Known: Sendable, CustomStringConvertible {
        let name: String
        let system: OperatingSystem
        let postfix: PostfixVersion
        let types: Set<String>

        init(_ name: String, _ id: String, _ version: String, postfix: String, types: String) {
            self.name = name
            self.system = OperatingSystem(id: id, idLike: [], versionID: version, prettyName: name)
            self.postfix = PostfixVersion(postfix)
            self.types = Set(types.split(separator: " ").map(String.init))
        }

        var description: String { name }
    }

    private static let old = "btree cidr environ hash proxy regexp static unix"
    private static let berkeley = old + " texthash pcre"
    private static let lmdb = "cidr environ proxy regexp static texthash unix lmdb"

    static let all = [
        // The package postfix-2.6.6-2.15, as told in "PostfixからGmailへリレーする方法" (norikazum, 2017); the types as 2.6.6
        // itself says, which was built for it (postconf -m).
        Known("Amazon Linux 1", "amzn", "2018.03", postfix: "2.6.6", types: old),
        // postfix-2.10.1-6.amzn2.0.3
        Known("Amazon Linux 2", "amzn", "2", postfix: "2.10.1", types: berkeley),
        // github.com/amazonlinux/amazon-linux-2023/issues/1039
        Known("Amazon Linux 2023", "amzn", "2023", postfix: "3.7.2", types: lmdb),
        // postfix-2.10.1-9.el7
        Known("CentOS 7", "centos", "7", postfix: "2.10.1", types: berkeley),
        // postfix-3.3.1 in 8.0; postfix-3.5.8-8.el8_10 since; pcre is a package of its own from here on.
        Known("RHEL 8", "rhel", "8.10", postfix: "3.3.1", types: old + " texthash"),
        // postfix-3.5.25-1.el9
        Known("RHEL 9", "rocky", "9.6", postfix: "3.5.8", types: old + " texthash"),
        // vault.almalinux.org/10.0/AppStream: postfix-3.8.5-8.el10, with postfix-lmdb (otsglobal.org/?p=913).
        Known("RHEL 10", "almalinux", "10.0", postfix: "3.8.5", types: lmdb),
    ]

    /// The first Postfix that has a parameter: postconf(5), "This feature is available in Postfix ... and later". Those
    /// without such a line are older than 2.0.
    private static let since: [String: PostfixVersion] = [
        "mydomain": "1.0", "myhostname": "1.0", "myorigin": "1.0", "mydestination": "1.0", "mynetworks": "1.0",
        "inet_interfaces": "1.0", "inet_protocols": "2.2", "relay_domains": "1.0", "smtpd_relay_restrictions": "2.10",
        "smtpd_recipient_restrictions": "1.0", "smtpd_authorized_xclient_hosts": "2.1",
        "smtpd_data_restrictions": "2.1",
        "smtpd_upstream_proxy_protocol": "2.10", "postscreen_upstream_proxy_protocol": "2.10",
        "smtp_tls_security_level": "2.3", "smtpd_banner": "1.0",
        "disable_vrfy_command": "1.0", "biff": "1.0", "relayhost": "1.0", "smtp_tls_policy_maps": "2.3",
        "smtp_tls_CAfile": "2.2", "default_transport": "1.0", "smtp_sasl_auth_enable": "1.0",
        "smtp_sasl_password_maps": "1.0", "smtp_sasl_security_options": "1.0", "smtp_sasl_tls_security_options": "2.2",
        "smtp_sasl_mechanism_filter": "2.2", "message_size_limit": "1.0", "maximal_queue_lifetime": "1.0",
        "bounce_queue_lifetime": "2.1", "default_destination_concurrency_limit": "1.0",
        "default_destination_recipient_limit": "1.0",
        "default_destination_rate_delay": "2.5", "mailbox_size_limit": "1.0", "virtual_mailbox_limit": "1.0",
        "smtp_header_checks": "2.5", "transport_maps": "1.0", "smtpd_tls_security_level": "2.3",
        "smtp_tls_loglevel": "2.2", "smtpd_tls_loglevel": "2.2", "smtpd_tls_cert_file": "2.2",
        "smtpd_tls_key_file": "2.2", "smtp_dns_support_level": "2.11",
        "smtp_helo_name": "2.0", "syslog_name": "1.0", "smtp_tls_wrappermode": "3.0",
        "soft_bounce": "2.0", "proxy_read_maps": "2.0",
        "smtp_address_preference": "2.8", "smtp_fallback_relay": "2.3", "master_service_disable": "2.6",
    ].mapValues { PostfixVersion($0) }

    /// A transport's own parameter is as old as the one for all of them.
    private static func since(_ name: String) -> PostfixVersion? {
        let parts = name.split(separator: "_destination_", maxSplits: 1)
        return since[name] ?? (parts.count == 2 ? since["default_destination_\(parts[1])"] : nil)
    }

    private static let masterCf = """
        smtp      inet  n       -       n       -       -       smtpd
        smtp      unix  -       -       n       -       -       smtp

        """

    private func node(on known: Known, _ change: (inout NodeSettings) throws -> Void = { _ in }) throws -> RelayNode {
        var facts = try exampleFacts()
        facts.operatingSystem = known.system
        facts.publicName = try DomainName("mail.example.com")
        return try RelayNode(
            settings: exampleSettings(change),
            facts: facts,
            password: Secret("pa$$word $1"),
            leaving: LeavingRoutes(closed: ["smtp.inet"])
        )
    }

    /// The settings of a relay that every Postfix can do.
    private static func everything(_ settings: inout NodeSettings) throws {
        settings.mail.transports = [try Transport("b.example=[mx.internal]:25")]
        settings.mail.paced = [try Destination("c.example=concurrency:5"), try Destination("d.example=rate:1/s")]
        settings.mail.networkTable = .always
        settings.mail.submission = true
        settings.mail.outboundTLS = .secure
        settings.mail.delivery.hidesInternalHeaders = true
        settings.mail.delivery.messageSizeLimit = 60_000_000
        settings.mail.delivery.destinationConcurrencyLimit = 5
        settings.mail.certificate = CertificateFiles(
            certificate: try PlainPath("/etc/pki/relay.pem"),
            key: try PlainPath("/etc/pki/relay.key")
        )
        settings.mail.upstream = Upstream(
            host: try DomainName("smtp.example.net"),
            login: Upstream.Login(user: try UserName("relay"), password: .file(try PlainPath("/secret")))
        )
    }

    @Test func eachSystemIsHere() {
        #expect(KnownSystem.all.map(\.name) == Self.all.map(\.name))
    }

    @Test(arguments: all)
    func thePostfixOfASystemIsTheOneThatItHas(known: Known) throws {
        #expect(try #require(KnownSystem.named(known.system)).postfix == known.postfix)
        #expect(KnownSystem.named(known.system)?.name == known.name)
    }

    /// The parameters that an operator's value takes the place of.
    private static let presets: Set = [
        "proxy_read_maps", "smtp_address_preference", "smtp_tls_loglevel", "smtpd_tls_loglevel",
    ]

    @Test(arguments: all)
    func nothingIsWrittenThatItLacks(known: Known) throws {
        for change in [{ _ in }, Self.everything] as [(inout NodeSettings) throws -> Void] {
            let postfix = try node(on: known, change).postfix
            let main = MainCf(postfix.mainCf(from: ""))
            let overrides = MasterCf(postfix.masterCf(from: Self.masterCf)).entries.flatMap(\.overrides)
            for name in Array(main.values.keys) + overrides.map(\.name) {
                let since = try #require(Self.since(name), "since when does Postfix have \(name)?")
                #expect(since <= known.postfix, "\(name)")
            }
            // Postfix before 2.9 is not asked for the parameters of transports.
            let asked = main.values.keys.filter { known.postfix >= .listingServices || !$0.hasPrefix("destination-") }
            #expect(
                Set(asked).subtracting(Self.presets) == Set(postfix.effective.keys)
            )
            let words = main.values.values.flatMap { $0.split { $0 == " " || $0 == "," } }
            for value in words where value.contains(":/etc/postfix/") {
                let type = try #require(value.replacing("proxy:", with: "").split(separator: ":").first)
                #expect(known.types.contains(String(type)), "\(value)")
            }
        }
        #expect(try node(on: known, Self.everything).postfix.tables.count == 5)
    }

    /// postconf(5): smtpd_recipient_restrictions decides, and since 2.10 smtpd_relay_restrictions before it; whom a list
    /// permits, it asks no more; and what it is not given has a default.
    @Test(arguments: all)
    func itIsNoOpenRelayByTheRulesOfItsPostfix(known: Known) throws {
        for change in [{ _ in }, Self.everything] as [(inout NodeSettings) throws -> Void] {
            let postfix = try node(on: known, change).postfix
            let found = """
                smtpd_recipient_restrictions = permit_sasl_authenticated, permit
                smtpd_relay_restrictions = permit
                relay_domains = $mydestination, .example
                mynetworks_style = class
                """
            let main = MainCf(postfix.mainCf(from: known.postfix < PostfixVersion("2.10") ? "" : found))
            let lists = known.postfix < PostfixVersion("2.10") ? ["recipient"] : ["recipient", "relay"]
            for list in lists {
                let rules = try #require(main["smtpd_\(list)_restrictions"]).split(separator: ", ")
                #expect(rules.filter { $0.hasPrefix("permit") } == ["permit_mynetworks"])
                #expect(rules.contains("reject_unauth_destination") && rules.last == "reject")
            }
            #expect(main["mynetworks"]?.isEmpty == false)
            #expect(main["relay_domains"] != nil && main["relay_domains"]?.contains("$") == false)
            #expect(main["smtpd_authorized_xclient_hosts"] == "\(postfix.address)")
        }
    }

    @Test func anOldPostfixHasItsTablesAsPatterns() throws {
        let tables = try node(on: Self.all[0], Self.everything).postfix.tables
        let texts = Dictionary(uniqueKeysWithValues: tables.map { ($0.name, $0.text) })
        #expect(texts[.transports]?.contains("\n/@b\\.example$/ smtp:[mx.internal]:25\n") == true)
        #expect(texts[.tlsPolicies]?.hasSuffix("\n/^\\[smtp\\.example\\.net\\]:587$/ secure\n") == true)
        #expect(texts[.passwords]?.hasSuffix("\n/^\\[smtp\\.example\\.net\\]:587$/ relay:pa$$$$word $$1\n") == true)
    }

    @Test(arguments: [all[0], all[1]])
    func whatATableSaysIsReadOutOfIt(known: Known) throws {
        let tables = try node(on: known, Self.everything).postfix.tables
        func value(_ key: String, _ name: PostfixTable.Name) -> String? {
            tables.first { $0.name == name }.flatMap { PostfixTable.value(of: key, in: $0.text, of: name) }
        }
        #expect(value("[smtp.example.net]:587", .passwords) == "relay:pa$$word $1")
        #expect(value("[smtp.example.net]:587", .tlsPolicies) == "secure")
        #expect(value("b.example", .transports) == "smtp:[mx.internal]:25")
        #expect(value("[smtpxexample.net]:587", .passwords) == nil)
    }

    /// A parameter that a setting needs is written for an old Postfix, too, so that its postconf refuses it before
    /// anything is changed.
    @Test func whatASettingAsksForIsNotLeftOut() throws {
        func mainCf(_ change: (inout NodeSettings) throws -> Void) throws -> MainCf {
            MainCf(try node(on: Self.all[0], change).postfix.mainCf(from: ""))
        }
        #expect(try mainCf { $0.mail.proxyProtocol = true }["smtpd_upstream_proxy_protocol"] == "haproxy")
        #expect(try mainCf { $0.mail.outboundTLS = .dane }["smtp_dns_support_level"] == "dnssec")
    }
}
