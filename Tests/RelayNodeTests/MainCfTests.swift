import RelayNode
import Testing

struct MainCfTests {
    @Test func theLastNodeDeliversAtNoPaceAndTakesItUpAgain() {
        let text = "default_destination_rate_delay = 1s\nslow_destination_rate_delay = 5s\n"
        let leaving = MainCf(text).leaving(LeavingRoutes(closed: ["smtp.inet"]))
        #expect(leaving["default_destination_rate_delay"] == "0s" && leaving["slow_destination_rate_delay"] == "0s")
        #expect(leaving.leaving(LeavingRoutes(closed: ["smtp.inet"])).text == leaving.text)
        #expect(leaving.leaving(nil).text == text)
        // Another relay takes the mail without a delay, and what is delivered here keeps its pace.
        let handed = leaving.leaving(LeavingRoutes(handOver: "[lb.example]:25"))
        #expect(handed["slow_destination_rate_delay"] == "5s")
    }

    @Test func aNodeThatLeavesHasOtherRoutesUntilItStays() {
        let text = "mydomain = example.com\nmyhostname = mail.example.com\nrelayhost =\n  [mine]\n"
        let leaving = MainCf(text).leaving(LeavingRoutes(handOver: "[lb.example]:25"))
        #expect(leaving["default_transport"] == "evacuation:[lb.example]:25")
        #expect(leaving["myhostname"] == "mail.example.com")
        // Postfix warns of what is defined twice.
        let lines = leaving.text.split(separator: "\n")
        #expect(lines.count { $0.hasPrefix("myhostname") || $0.hasPrefix("relayhost") } == 2)
        #expect(leaving.values["mydomain"] == "example.com")
        #expect(leaving.leaving(LeavingRoutes(handOver: "[lb.example]:25")).text == leaving.text)
        #expect(leaving.leaving(nil).text == text)
    }

    @Test(arguments: [
        ("a = 1\n", "1"), ("a=1\n", "1"), ("a =   1  \n", "1"), ("a = 1\na = 2\n", "2"),
        ("a = 1\n  2\n\t3\n", "1 2 3"), ("a = 1\n# comment\n 2\n", "1 2"), ("a = 1\n\n 2\n", "1 2"),
        ("a =\n 1\n", "1"), ("#a = 1\na = 2\n#a = 3\n", "2"), ("a = 1\r\n", "1"), ("a = x = y\n", "x = y"),
        ("b = 1\n # a = 3\na =", ""), ("a = 1\n \u{301}\n", "1 \u{301}"), ("a = 1\n#\u{301} = 2\n\t# 3\n", "1"),
    ])
    func readsAsPostfixDoes(text: String, value: String) {
        #expect(MainCf(text)["a"] == value)
    }

    @Test func whatIsNotSetHasNoValue() {
        #expect(MainCf("# a = 1\nab = 2\n")["a"] == nil)
    }

    @Test func anEditKeepsEverythingElse() {
        let text = """
            # Top comment

            alias_maps = hash:/etc/aliases
            inet_interfaces = localhost
            # about destinations
            mydestination = $myhostname,
                 localhost,
            # in between
                 localhost.localdomain
            debugger_command =
            \t PATH=/bin:/usr/bin
            \t ddd $process_id & sleep 5

            """
        var file = MainCf(text)
        file.set("inet_interfaces", to: "all")
        file.set("mydestination", to: "localhost")
        let expected = """
            # Top comment

            alias_maps = hash:/etc/aliases
            inet_interfaces = all
            # about destinations
            mydestination = localhost
            # in between
            debugger_command =
            \t PATH=/bin:/usr/bin
            \t ddd $process_id & sleep 5

            """
        #expect(file.text == expected)
    }

    /// Each process of Postfix warns of a parameter that is set more than once.
    @Test(arguments: [
        ("a = 1\nb = 2\na = 3\n", "b = 2\na = 4\n"),
        ("a = 1\nb = 2\na =\n 3\n 5\n# c\n", "b = 2\na = 4\n# c\n"),
        ("a = 4\nb = 2\na = 3\n", "a = 4\nb = 2\n"), ("a =\n 4\nb = 2\na = 3\n  5\n", "a =\n 4\nb = 2\n"),
        ("a = 3\nb = 2\na = 4\n", "b = 2\na = 4\n"), ("a = 4\na=4\nb = 2\na = 4\n", "a = 4\nb = 2\n"),
        ("ab = 3\nb = 2\na = 3\nab = 5\n", "ab = 3\nb = 2\na = 4\nab = 5\n"),
    ])
    func oneOfSeveralDefinitionsStays(text: String, expected: String) {
        var file = MainCf(text)
        file.set("a", to: "4")
        #expect(file.text == expected)
    }

    @Test func newSettingsComeAtTheEndUnderOneHeading() {
        var file = MainCf("a = 1")
        file.set("b", to: "2")
        file.set("c", to: "")
        #expect(file.text.hasPrefix("a = 1\n\n# Managed by smtp-relay-agent"))
        #expect(file.text.hasSuffix("\nb = 2\nc =\n"))
    }

    @Test func whatIsRightStaysAsItWasWritten() {
        let text = "mynetworks =\n  127.0.0.0/8\n\t10.0.0.0/16\n"
        var file = MainCf(text)
        file.set("mynetworks", to: "127.0.0.0/8 10.0.0.0/16")
        #expect(file.text == text)
    }

    @Test(arguments: ["", "a = 1", "a = 1\n  2\n", "# only\n", "\n\n", " leading\na = 1\n", "a = 1\na = 2\n"])
    func settingTwiceIsSettingOnce(text: String) {
        var once = MainCf(text)
        once.set("a", to: "x y")
        var twice = MainCf(once.text)
        twice.set("a", to: "x y")
        #expect(twice.text == once.text)
        #expect(twice["a"] == "x y")
    }
}

struct MainCfPartTests {
    private let own = "relayhost = [mine]\nbiff = no\n"

    /// The file must not grow with each run of a program that appends lines.
    @Test(
        arguments: MainCf.Part.allCases,
        ["relayhost = [mine]", "relayhost=[a]\nrelayhost =\n [b]", "relayhost = [theirs]"]
    )
    func theSameLinesAreSetAsideOnce(part: MainCf.Part, appended: String) {
        func pass(_ text: String) -> String { MainCf(text).with(part, []).with(part, [("relayhost", "[theirs]")]).text }
        let first = pass(pass(own) + appended + "\n")
        var last = first
        for _ in 0..<3 { last = pass(last + appended + "\n") }
        #expect(last == first)
        // The last one counts again once the part is gone.
        let end = MainCf(own + appended + "\n")["relayhost"]
        #expect(MainCf(last).with(part, [])["relayhost"] == end)
    }

    @Test(arguments: MainCf.Part.allCases) func whatWasThereTwiceIsSetAsideTwice(part: MainCf.Part) {
        let twice = own + "relayhost = [other]\nrelayhost = [mine]\nrelayhost = [mine]\n"
        let with = MainCf(twice).with(part, [("relayhost", "[mine]")])
        #expect(with.with(part, []).text == twice)
    }

    @Test func aPartComesLastAndGoesWithoutATrace() {
        let with = MainCf(own).with(.settings, [("relayhost", "[theirs]:587"), ("x", "")])
        #expect(with["relayhost"] == "[theirs]:587")
        #expect(
            with.text.hasPrefix(
                """
                # smtp-relay-agent's settings set this aside: relayhost = [mine]
                biff = no
                # smtp-relay-agent: as its settings ask for.
                relayhost = [theirs]:587
                x =
                #
                """
            )
        )
        #expect(with.with(.settings, [("relayhost", "[theirs]:587"), ("x", "")]) == with)
        #expect(with.with(.settings, []).text == own)
    }

    @Test func bothPartsStandSideBySide() {
        let file = MainCf(own).with(.settings, [("relayhost", "[theirs]:587")]).leaving(
            LeavingRoutes(handOver: "[lb]:25")
        )
        #expect(file["relayhost"] == "")
        #expect(file["default_transport"] == "evacuation:[lb]:25")
        #expect(file.leaving(nil)["relayhost"] == "[theirs]:587")
        #expect(file.with(.settings, [])["relayhost"] == "")
        #expect(file.leaving(nil).with(.settings, []).text == own)
    }

    @Test func whatOthersWriteAfterAPartIsOverriddenAndKept() {
        let file = MainCf(MainCf(own).with(.settings, [("relayhost", "[theirs]:587")]).text + "relayhost = [foreign]\n")
        let mended = file.with(.settings, [("relayhost", "[theirs]:587")])
        #expect(mended["relayhost"] == "[theirs]:587")
        #expect(mended.with(.settings, []).text == own + "relayhost = [foreign]\n")
    }

    @Test func aPartWithoutItsLastLineTakesNothingAlong() {
        let cut = MainCf(own).with(.settings, [("x", "1")]).text.replacing("# smtp-relay-agent: so far.\n", with: "")
        #expect(MainCf(cut + "mine = 2\n").with(.settings, [])["mine"] == "2")
    }
}

struct MasterCfTests {
    private let stock = """
        # service type
        smtp      inet  n       -       n       -       -       smtpd
        #submission inet n       -       n       -       -       smtpd
        #  -o syslog_name=postfix/submission
        pickup    unix  n       -       n       60      1       pickup
        relay     unix  -       -       n       -       -       smtp
                -o syslog_name=postfix/$service_name

        """

    @Test func readsEntriesAndTheirOverrides() throws {
        let entries = MasterCf(stock).entries
        #expect(entries.map(\.service) == ["smtp", "pickup", "relay"])
        let relay = try #require(entries.last)
        #expect(relay.command == "smtp")
        #expect(relay.overrides.map(\.name) == ["syslog_name"])
    }

    @Test func readsBothFormsOfOptions() throws {
        let text = "smtp inet n - n - - smtpd -v -o a=1\n  -ob=2\n# no\n  -o c=x=y\n"
        let entry = try #require(MasterCf(text).entries.first)
        #expect(entry.overrides.map { "\($0.name):\($0.value)" } == ["a:1", "b:2", "c:x=y"])
    }

    @Test func whatStandsInBracesIsOneOption() throws {
        let text = """
            smtp inet n - n - - smtpd -o { mynetworks = 0.0.0.0/0 } -o{a=b}
              -o { smtpd_relay_restrictions = permit,
              reject }
              -o x=a{b
            """
        let entry = try #require(MasterCf(text).entries.first)
        let wanted = [
            "smtp", "inet", "smtpd", "mynetworks=0.0.0.0/0", "a=b", "smtpd_relay_restrictions=permit, reject", "x=a{b",
        ]
        #expect(entry.meaning == wanted)
    }

    @Test func anEntryIsTakenOutOnlyAsItWasPutIn() {
        var file = MasterCf(stock)
        file.set("submission", "inet", to: ["submission inet n - n - - smtpd", "  -o x=y"])
        var other = MasterCf(file.text.replacing("  -o x=y", with: "  -o x=z"))
        file.remove("submission", "inet", where: ["submission inet n - n - - smtpd", "  -o x=y"])
        #expect(file.text == stock)
        let before = other
        other.remove("submission", "inet", where: ["submission inet n - n - - smtpd", "  -o x=y"])
        #expect(other == before)
    }

    @Test(arguments: [
        ("-o { a = 1 2 }", "a:1 2"), ("-o {a=1}", "a:1"), ("-vo a=1", "a:1"), ("-voa=1", "a:1"), ("-s 5 -o a=1", "a:1"),
        ("-o\n  a=1", "a:1"), ("-o {a =\n  1}", "a:1"), ("-so a=1", ""), ("-v -D", ""),
    ])
    func readsOptionsAsPostfixDoes(options: String, override: String) throws {
        let entry = try #require(MasterCf("smtp inet n - n - - smtpd \(options)\n").entries.first)
        #expect(entry.overrides.map { "\($0.name):\($0.value)" }.joined() == override)
    }

    @Test func addsAnEntryOnceAndMendsIt() {
        var file = MasterCf(stock)
        file.set("127.0.0.1:10025", "inet", to: ["127.0.0.1:10025 inet n - n - 2 smtpd", "  -o x=y"])
        let once = file.text
        #expect(once == stock + "127.0.0.1:10025 inet n - n - 2 smtpd\n  -o x=y\n")
        file.set("127.0.0.1:10025", "inet", to: ["127.0.0.1:10025 inet n - n - 2 smtpd", "  -o x=y"])
        #expect(file.text == once)
        var broken = MasterCf(once.replacing("  -o x=y", with: "  -o x=z"))
        broken.set("127.0.0.1:10025", "inet", to: ["127.0.0.1:10025 inet n - n - 2 smtpd", "  -o x=y"])
        #expect(broken.text == once)
    }
}
