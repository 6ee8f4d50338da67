import RelayTestSupport
import Settings
import Testing
import Vocabulary

struct SettingsSourcesTests {
    private func sources(_ toml: String = "", environment: [String: String] = [:], flags: [String] = [])
        -> SettingsSources
    {
        SettingsSources(file: SettingsFile(path: "/c.toml", text: toml), environment: environment, flags: flags)
    }

    private func problems(_ sources: SettingsSources, tags: [String: String] = [:]) -> [String] {
        sources.read(tags: tags).problems.map(\.description)
    }

    @Test func theStrongestSourceWins() throws {
        let file = "[mail]\ndomain = \"file.example\"\n"
        let tags = ["smtp-relay:domain": "tag.example", "Name": "relay"]
        let environment = ["SMTP_RELAY_DOMAIN": "env.example", "PATH": "/bin"]
        let flags = ["mail.domain=flag.example"]
        func domain(_ sources: SettingsSources, _ tags: [String: String]) throws -> (String, ValueSource?) {
            let resolved = try sources.relay(tags: tags)
            return (
                resolved.settings.mail.domain.description, resolved.values.first { $0.key == "mail.domain" }?.source
            )
        }
        #expect(try domain(sources(file), [:]) == ("file.example", .file(path: "/c.toml", line: 2, column: 1)))
        // A tag only supplies what nothing else sets.
        #expect(try domain(sources(file), tags) == ("file.example", .file(path: "/c.toml", line: 2, column: 1)))
        #expect(try domain(sources(), tags) == ("tag.example", .tag("smtp-relay:domain")))
        #expect(
            try domain(sources(file, environment: environment), tags)
                == ("env.example", .environment(variable: "SMTP_RELAY_DOMAIN"))
        )
        #expect(
            try domain(sources(file, environment: environment, flags: flags), tags)
                == ("flag.example", .flag(key: "mail.domain"))
        )
    }

    @Test func everySettingIsParsedIntoItsType() throws {
        let toml = """
            [mail]
            domain = "example.com"
            hostname = "relay.example.com"
            destinations = ["a.example", "b.example"]
            networks = ["vpc", "subnet", "192.168.0.0/24"]
            allow_public_networks = ["203.0.0.0/16"]
            allow_private_networks = ["10.0.0.0/8"]
            network_table = "always"
            submission = true
            proxy_protocol = true
            message_size_limit = 1000
            maximal_queue_lifetime = "3d"
            bounce_queue_lifetime = "1d"
            default_destination_concurrency_limit = 5
            default_destination_rate_delay = "1s"
            hide_internal_headers = true
            [mail.tls]
            certificate = "/tls/c.pem"
            key = "/tls/k.pem"
            outbound_level = "dane-only"
            [health]
            port = 8080
            path = "/up"
            proxy_port = 8081
            [load_balancer]
            classic = ["smtp-relay"]
            target_groups = ["arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/relay/0123abcd"]
            allow_open_to_world = true
            timeout = "2m"
            [metadata]
            imdsv1 = true
            timeout = 30
            [packages]
            timeout = "1h"
            """
        let settings = try sources(toml).relay().settings
        #expect(settings.mail.hostname?.description == "relay.example.com")
        #expect(settings.mail.destinations.map(\.description) == ["a.example", "b.example"])
        #expect(settings.mail.networks == [.vpc, .subnet, .network(try IPNetwork("192.168.0.0/24"))])
        #expect(settings.mail.allowPublicNetworks.map(\.description) == ["203.0.0.0/16"])
        #expect(settings.mail.allowPrivateNetworks.map(\.description) == ["10.0.0.0/8"])
        #expect(settings.mail.networkTable == .always)
        #expect(settings.mail.submission)
        #expect(settings.mail.proxyProtocol)
        #expect(settings.mail.delivery.messageSizeLimit == 1000)
        #expect(settings.mail.delivery.maximalQueueLifetime?.description == "3d")
        #expect(settings.mail.delivery.bounceQueueLifetime?.description == "1d")
        #expect(settings.mail.delivery.destinationConcurrencyLimit == 5)
        #expect(settings.mail.delivery.destinationRateDelay?.description == "1s")
        #expect(settings.mail.delivery.hidesInternalHeaders)
        #expect(settings.mail.certificate?.key.description == "/tls/k.pem")
        #expect(settings.mail.outboundTLS == .daneOnly)
        #expect(settings.health == NodeSettings.Health(port: 8080, path: try HealthPath("/up"), proxyPort: 8081))
        #expect(settings.loadBalancer.classic.map(\.description) == ["smtp-relay"])
        #expect(settings.loadBalancer.targetGroups.map(\.name) == ["relay"])
        #expect(settings.loadBalancer.allowOpenToWorld)
        #expect(settings.loadBalancer.timeout == .seconds(120))
        #expect(settings.metadata == NodeSettings.Metadata(allowVersion1: true, timeout: .seconds(30)))
        #expect(settings.packages.timeout == .seconds(3600))
    }

    @Test func defaultsAreThoseOfTheTable() throws {
        let resolved = try sources(flags: ["mail.domain=example.com"]).relay()
        #expect(resolved.settings.mail.networks == [.vpc])
        #expect(resolved.settings.health == NodeSettings.Health())
        #expect(resolved.settings.loadBalancer == NodeSettings.LoadBalancer())
        #expect(resolved.settings.metadata == NodeSettings.Metadata())
        #expect(resolved.settings.packages == NodeSettings.Packages())
        #expect(resolved.values.map(\.key) == SettingKey.all.filter { $0.counts(in: .relay) }.map(\.name))
        #expect(resolved.table.contains("health.port = 80 "))
        #expect(resolved.table.contains("# default"))
    }

    @Test func theIntervalGrowsWithTheLoadBalancersThatAreAskedUnlessItIsSet() throws {
        let arn = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/relay"
        func interval(_ flags: String...) throws -> Duration {
            try sources(flags: ["mail.domain=a.b"] + flags).relay().settings.reconcile.interval
        }
        #expect(try interval() == .seconds(60))
        #expect(try interval("load_balancer.classic=one") == .seconds(60))
        let three = ["load_balancer.classic=one", "load_balancer.target_groups=\(arn)/01,\(arn)/02"]
        #expect(try interval(three[0], three[1]) == .seconds(180))
        #expect(try interval(three[0], three[1], "reconcile.interval=20s") == .seconds(20))
    }

    @Test(arguments: ["0s", "0", "25h", "-1s", "1.5m", "1d", ""])
    func aDurationThatIsNoneIsRefusedWithTheBounds(value: String) {
        let found = problems(sources(flags: ["mail.domain=a.b", "reconcile.jitter=\(value)"]))
        #expect(found.count == 1)
        #expect(found.first?.contains("'\(value)' is not a duration of 1s to a day, such as 90s, 5m or 1h") == true)
    }

    @Test func healthChecksWithAndWithoutAHeaderDoNotShareAPort() throws {
        let arn = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/relay/01"
        let both = ["mail.domain=a.b", "load_balancer.classic=one", "load_balancer.target_groups=\(arn)"]
        let proxied = both + ["mail.proxy_protocol=true"]
        func ports(_ flags: [String]) throws -> HealthPorts {
            try sources(flags: flags).relay().settings.healthPorts
        }
        #expect(try ports(both).open == [80])
        #expect(try ports(both).proxied == nil)
        let found = problems(sources(flags: proxied))
        #expect(found.count == 1)
        #expect(found.first?.contains("set health.proxy_port to a port of its own") == true)
        #expect(problems(sources(flags: proxied + ["health.proxy_port=80"])).count == 1)
        let apart = try ports(proxied + ["health.proxy_port=81"])
        #expect((apart.plain, apart.proxied, apart.local) == (80, 81, 80))
        // One kind alone takes no port of its own; only this host then asks without a header.
        let groups = try ports(proxied.filter { !$0.contains("classic") })
        #expect((groups.plain, groups.proxied, groups.local) == (nil, 80, 8008))
        let classic = try ports(proxied.filter { !$0.contains("target") })
        #expect((classic.plain, classic.proxied, classic.local) == (80, nil, 80))
        #expect(problems(sources(flags: ["mail.domain=a.b", "health.proxy_port=8008"])).count == 1)
    }

    @Test func aBadTargetGroupIsNamedWithItsPlace() {
        let toml = "[mail]\ndomain = \"a.b\"\n[load_balancer]\ntarget_groups = [\"relay-25\"]\n"
        let found = problems(sources(toml))
        #expect(found.count == 1)
        #expect(
            found.first?.hasPrefix("/c.toml:4:1: load_balancer.target_groups: 'relay-25' is not a target group's ARN")
                == true
        )
    }

    @Test func listsInTextsAreSeparatedByCommas() throws {
        let tags = ["smtp-relay:domain": "example.com", "smtp-relay:load_balancer.classic": "one, two"]
        #expect(try sources().relay(tags: tags).settings.loadBalancer.classic.map(\.description) == ["one", "two"])
    }

    @Test func anUnknownKeyIsNamedWithItsPlaceAndTheNearestOne() {
        let toml = "[mail]\ndomain = \"example.com\"\n\n  netwroks = [\"vpc\"]\n"
        #expect(problems(sources(toml)) == ["/c.toml:4:3: unknown key 'mail.netwroks'; did you mean 'mail.networks'?"])
        #expect(
            problems(sources("[mial]\nx = 1\n"), tags: ["smtp-relay:domain": "a.b"]).first?.hasPrefix(
                "/c.toml:1:1: unknown key 'mial'; did you mean 'mail'?"
            ) == true
        )
        let flag = problems(sources(flags: ["mail.domain=a.b", "health.prot=1"]))
        #expect(flag == ["flag --set health.prot: unknown key 'health.prot'; did you mean 'health.port'?"])
        let tag = problems(sources(), tags: ["smtp-relay:domain": "a.b", "smtp-relay:hostnam": "x.y"])
        #expect(
            tag == ["tag smtp-relay:hostnam: unknown key 'smtp-relay:hostnam'; did you mean 'smtp-relay:hostname'?"]
        )
        let variable = problems(sources(environment: ["SMTP_RELAY_DOMAN": "a.b", "SMTP_RELAY_DOMAIN": "a.b"]))
        #expect(variable.first?.contains("did you mean 'SMTP_RELAY_DOMAIN'?") == true)
    }

    @Test func keptSettingsCountAlsoWhereANewerVersionHasKeptKeysOfItsOwn() throws {
        func kept(_ text: String) -> KeptSettings {
            KeptSettings(path: "/c.toml", text: text, variables: [:], tags: [:])
        }
        let newer = kept("[mail]\ndomain = \"example.com\"\nto_come = 1\n[later]\nx = 1\n")
        #expect(!newer.sources.read(tags: [:]).problems.isEmpty)
        #expect(newer.known.read(tags: [:]).problems.isEmpty)
        #expect(try newer.known.relay().settings.mail.domain.description == "example.com")
        // Other mistakes still count.
        #expect(!kept("[mail]\ndomain = \"-\"\n").known.read(tags: [:]).problems.isEmpty)
    }

    @Test func allProblemsAreToldAtOnce() {
        let toml = "[mail]\ndomain = 5\nnetworks = [\"10.0.1.0/16\"]\n[health]\nport = 25\npath = \"x\"\n"
        let found = problems(sources(toml))
        #expect(found.contains { $0.hasPrefix("/c.toml:2:1: mail.domain: '5' is not a text") })
        #expect(found.contains { $0.hasPrefix("/c.toml:3:1: mail.networks:") })
        #expect(found.contains { $0.hasPrefix("/c.toml:5:1: health.port: '25'") })
        #expect(found.contains { $0.hasPrefix("/c.toml:6:1: health.path: 'x'") })
    }

    @Test(arguments: [25, 465, 587, 8008])
    func thePortsOfTheRelayAreNoneForTheHealthCheck(port: Int) {
        let found = problems(sources("[mail]\ndomain = \"a.b\"\n[health]\nport = \(port)\n"))
        #expect(found.count == 1)
        #expect(found.first?.contains("none of the relay's own (25, 465, 587, 8008)") == true)
    }

    @Test func thePortOfFormerProofsIsFree() {
        #expect(problems(sources("[mail]\ndomain = \"a.b\"\n[health]\nport = 10025\n")).isEmpty)
    }

    @Test func aWordThatIsNoneOfTheFewIsToldWithThem() {
        let found = problems(sources("[mail]\ndomain = \"a.b\"\nnetwork_table = \"sometimes\"\n"))
        let expected = "'sometimes' is not one of \"auto\", \"always\", \"never\""
        #expect(found == ["/c.toml:3:1: mail.network_table: \(expected)"])
    }

    @Test func aCertificateWithoutAKeyIsHalfOfIt() {
        let found = problems(sources(flags: ["mail.domain=a.b", "mail.tls.certificate=/c.pem"]))
        #expect(found == ["flag --set mail.tls.certificate: mail.tls.certificate: it needs mail.tls.key too"])
    }

    @Test func transportsAreTablesOrPairs() throws {
        let toml = """
            [mail]
            domain = "example.com"
            [[mail.transport]]
            domain = "example.com"
            nexthop = "[mx.internal]:25"
            [[mail.transport]]
            nexthop = "mail.example"
            domain = "b.example"
            """
        let wanted = ["example.com=[mx.internal]:25", "b.example=mail.example"]
        #expect(try sources(toml).relay().settings.mail.transports.map(\.description) == wanted)
        let flags = ["mail.domain=a.b", "mail.transport=\(wanted.joined(separator: ", "))"]
        #expect(try sources(flags: flags).relay().settings.mail.transports.map(\.description) == wanted)
    }

    @Test(arguments: [
        ("[[mail.transport]]\ndomain = \"a.b\"\n", "is not tables of two texts each, domain and nexthop"),
        ("[[mail.transport]]\ndomain = \"a.b\"\nnexthopp = \"c.d\"\n", "is not tables of two texts each"),
        ("[[mail.transport]]\ndomain = \"a.b\"\nnexthop = 25\n", "is not tables of two texts each"),
        ("[[mail.transport]]\ndomain = \"a.b\"\nnexthop = \"x y\"\n", "'x y' is not a next hop"),
        ("[[mail.transport]]\ndomain = \"d.e\"\nnexthop = \"c.d\"\n", "d.e is in mail.destinations too"),
    ])
    func aTransportThatIsNoneIsTold(text: String, words: String) {
        let found = problems(sources("[mail]\ndomain = \"a.b\"\ndestinations = [\"d.e\"]\n" + text))
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("/c.toml:4:1: mail.transport: ") == true)
        #expect(found.first?.contains(words) == true, "\(found)")
    }

    @Test func anUpstreamHasAHostAndAUserAPassword() throws {
        let flags = ["mail.domain=a.b", "mail.upstream.host=smtp.example.net"]
        let bare = try sources(flags: flags).relay().settings.mail.upstream
        #expect(bare == Upstream(host: try DomainName("smtp.example.net")))
        let login = ["mail.upstream.username=AKIA/x+", "mail.upstream.password_file=/p", "mail.upstream.port=2587"]
        let full = try sources(flags: flags + login).relay().settings.mail.upstream
        #expect(full?.login?.user.description == "AKIA/x+")
        #expect(full?.nexthop.description == "[smtp.example.net]:2587")
        #expect(
            problems(sources(flags: flags + [login[0]])).first?.contains("it needs mail.upstream.password_file") == true
        )
        #expect(problems(sources(flags: [flags[0]] + login)).first?.contains("it needs mail.upstream.host too") == true)
        let parameter = ["mail.upstream.username=u", "mail.upstream.password_parameter=/relay/password"]
        let place = try sources(flags: flags + parameter).relay().settings.mail.upstream?.login?.password
        #expect(place == .parameter(try ParameterName("/relay/password")))
        let both = problems(sources(flags: flags + parameter + ["mail.upstream.password_file=/p"]))
        #expect(both.first?.contains("mail.upstream.password_parameter is set as well") == true)
        #expect(
            problems(sources(flags: flags + [parameter[1]])).first?.contains("it needs mail.upstream.username") == true
        )
        #expect(problems(sources(flags: flags + ["mail.upstream.port=0"])).count == 1)
        #expect(problems(sources(flags: flags + ["mail.upstream.username=a:b", login[1]])).count == 1)
    }

    @Test func brokenTOMLIsToldWithItsPlace() {
        #expect(
            problems(sources("[mail]\ndomain = \n"), tags: ["smtp-relay:domain": "a.b"]).first?.hasPrefix("/c.toml:2:")
                == true
        )
    }

    @Test func aTagWithALineEndNeverGetsThrough() {
        let found = problems(sources(), tags: ["smtp-relay:domain": "example.com\nmynetworks = 0.0.0.0/0"])
        #expect(found.contains { $0.hasPrefix("tag smtp-relay:domain: mail.domain: 'example.com\\nmynetworks") })
    }

    @Test func theDomainIsRequiredAndTheCureIsNamed() {
        #expect(throws: SettingsProblems.self) { try sources().relay() }
        #expect(problems(sources()).first?.contains("SMTP_RELAY_DOMAIN") == true)
        #expect(sources().read(tags: nil).problems.isEmpty)
    }

    @Test func metadatasSettingsCanNotComeFromTags() throws {
        let found = problems(sources(), tags: ["smtp-relay:domain": "a.b", "smtp-relay:metadata.timeout": "5s"])
        #expect(found.first?.contains("before it can read the tags") == true)
        #expect(sources("[metadata]\ntimeout = \"7s\"\n").read(tags: nil).metadata.timeout == .seconds(7))
    }

    @Test func thoseWhoWaitForTheLaunchAreKnownWhateverElseIsWrong() throws {
        let toml = """
            [mail]
            domian = "example.com"
            [auto_scaling]
            launch_hook = "relay/launching"
            termination_hook = "relay_leaving"
            [cloudformation]
            stack = "relays"
            resource = "Group"
            [bootstrap]
            timeout = "5m"
            """
        let launch = sources(toml).read(tags: [:]).launch
        #expect(launch.hook == (try LifecycleHookName("relay/launching")))
        #expect(launch.signal == .init(stack: try StackName("relays"), resource: try LogicalResourceID("Group")))
        #expect(sources(toml).read(tags: nil).bootstrapTimeout == .seconds(300))
        #expect(sources(toml + "[").read(tags: [:]).launch == NodeSettings.Launch())
        let tags = ["smtp-relay:auto_scaling.launch_hook": "by-tag", "smtp-relay:hostnam": "x"]
        #expect(sources("[").read(tags: tags).launch == NodeSettings.Launch(hook: try LifecycleHookName("by-tag")))
        #expect(sources(flags: ["bootstrap.timeout=never"]).read(tags: nil).bootstrapTimeout == .seconds(1200))
        #expect(sources(flags: ["metadata.timeout=never"]).read(tags: nil).metadata == NodeSettings.Metadata())
        let right = try sources(toml.replacing("domian", with: "domain")).relay().settings
        #expect(right.launch == launch)
        #expect(right.terminationHook == (try LifecycleHookName("relay_leaving")))
    }

    @Test(arguments: [("stack", "resource"), ("resource", "stack")])
    func aStackAndItsResourceGoTogether(given: String, missing: String) {
        let alone = sources(flags: ["mail.domain=a.b", "cloudformation.\(given)=Relays"])
        #expect(
            problems(alone) == [
                """
                flag --set cloudformation.\(given): cloudformation.\(given) is set, but cloudformation.\(missing) is \
                not; set both or neither
                """
            ]
        )
        #expect(alone.read(tags: [:]).launch == NodeSettings.Launch())
        // The other one may still come from the tags.
        #expect(alone.read(tags: nil).problems.isEmpty)
        #expect(problems(alone, tags: ["smtp-relay:cloudformation.\(missing)": "Other"]).isEmpty)
    }

    @Test(arguments: [
        "auto_scaling.launch_hook=", "auto_scaling.termination_hook=a b", "auto_scaling.launch_hook=a.b",
        "bootstrap.timeout=0",
    ])
    func theHooksAndTheTimeoutAreChecked(flag: String) {
        #expect(problems(sources(flags: ["mail.domain=a.b", flag])).count == 1)
    }

    @Test func bootstrapsTimeoutCanNotComeFromTags() {
        let found = problems(sources(), tags: ["smtp-relay:domain": "a.b", "smtp-relay:bootstrap.timeout": "5s"])
        #expect(found.first?.contains("SMTP_RELAY_BOOTSTRAP_TIMEOUT") == true)
    }

    @Test(arguments: ["0", "-1s", "90x", "s", "2d", "25h", "999999999999999999999s"])
    func durationsAreChecked(text: String) {
        #expect(problems(sources(flags: ["mail.domain=a.b", "packages.timeout=\(text)"])).count == 1)
    }

    @Test func positionsAreFoundInAllOfTOML() {
        let toml = """
            # [mail] in a comment
            mail.domain = "a # b" # a comment
            "health" . 'prot' = 1
            load_balancer = { classic = ["x",
              "]"], tiemout = "5s" }
            text = \"\"\"
            mail.nothing = 1
            \"\"\"
            """
        let found = problems(sources(toml))
        #expect(found.contains { $0.hasPrefix("/c.toml:2:1: mail.domain") })
        #expect(found.contains { $0.hasPrefix("/c.toml:3:1: unknown key 'health.prot'") })
        #expect(found.contains { $0.hasPrefix("/c.toml:5:9: unknown key 'load_balancer.tiemout'") })
        #expect(found.contains { $0.hasPrefix("/c.toml:6:1: unknown key 'text'") })
    }

    @Test(arguments: [
        ("[ä]\n", "1:2"), ("[mail]\ndomain = \"a.b\"\n  [ .x]\n", "3:5"), ("[\n", "1:2"), ("[", "1:2"),
        ("\u{FEFF}[\r\n", "1:2"),
    ])
    func aTableWithoutANameIsToldWithItsPlace(toml: String, place: String) {
        let problem = problems(sources(toml)).first ?? "none"
        #expect(problem == "/c.toml:\(place): not TOML: a table's name is missing after '['; write [NAME]")
    }

    @Test func aTextWithoutQuotesIsToldWithTheCure() {
        #expect(
            problems(sources("[mail]\ndomain = example.com # ours")).first == """
                /c.toml:2:10: not TOML: 'example.com' is not a number, a date, true or false; put a text in quotes: \
                "example.com"
                """
        )
    }

    @Test func whatIsNotUTF8IsToldWithItsPlace() {
        let file = SettingsFile(path: "/c.toml", bytes: Array("[mail]\n# ".utf8) + [0xE4])
        let found = problems(SettingsSources(file: file, environment: [:], flags: []))
        #expect(found.first == "/c.toml:2:3: not TOML: the byte 0xE4 is not UTF-8; save the file as text in UTF-8")
    }

    /// As editors on Windows write it.
    @Test func aFileWithAByteOrderMarkIsRead() throws {
        let toml = "\u{FEFF}[mail]\r\ndomain = \"example.com\"\r\n"
        let resolved = try sources(toml).relay()
        #expect(resolved.settings.mail.domain.description == "example.com")
        #expect(resolved.values.first { $0.key == "mail.domain" }?.source == .file(path: "/c.toml", line: 2, column: 1))
    }

    /// They are TOML, but no setting has them.
    @Test(arguments: [
        ("1979-05-27", "1979-05-27"), ("1.5", "1.5"), ("{ a = [07:32:00] }", "{ a = [07:32:00] }"),
        ("[[ 'x' ]]", "[[\"x\"]]"),
    ])
    func whatNoSettingHasIsToldByTheSetting(value: String, shown: String) {
        let found = problems(sources("[mail]\ndomain = \(value)\n"))
        #expect(found.first == "/c.toml:2:1: mail.domain: '\(shown)' is not a text in quotes")
    }

    /// A key in quotes is one key, also where it has dots.
    @Test func aKeyWithDotsInQuotesIsNoSetting() {
        let found = problems(sources("\"mail.domain\" = 'a.b'\n"))
        #expect(found.first == "/c.toml:1:1: unknown key '\"mail.domain\"'; did you mean 'mail.domain'?")
    }

    @Test(arguments: [
        "a = ['}', \"[}\", \"\\\"[}\", \"\"]", "a = [ # [}\n'x' ]", "a = {}", "a = [{}]", "a = \"\"\"[}\n\"[}\"\"\"\"",
        "['a[}']", "a = +1_0\nb=true\nc = [ -1,\n2 ]",
    ])
    func whatIsTOMLIsReadAsThat(text: String) {
        #expect(problems(sources(text)).allSatisfy { !$0.contains("not TOML") })
    }

    @Test func namesOfTagsVariablesAndFlagsStayOnOneLine() {
        let flags = ["mail.domain=a.b", "x\ny", "x\nz=1"]
        let all = problems(
            sources(environment: ["SMTP_RELAY_A\nB": "1"], flags: flags),
            tags: ["smtp-relay:\u{1B}": "1"]
        )
        #expect(all.count == 4)
        #expect(all.allSatisfy { $0.unicodeScalars.allSatisfy { $0.value >= 0x20 } })
    }
}
