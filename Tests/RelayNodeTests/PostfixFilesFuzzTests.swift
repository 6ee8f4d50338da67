import RelayNode
import RelayTestSupport
import Testing

/// main.cf and master.cf, as they may be found on an operator's host.
struct PostfixFilesFuzzTests {
    @Test func anEditOfMainCfDoesWhatItIsToDoAndNothingElse() async {
        await fuzz(400) { chance in
            let text = chance.mutation(of: Self.mainFiles)
            let file = MainCf(text)
            #expect(MainCf(file.text).text == file.text, "\(chance)")
            let name = chance.pick(["mynetworks", "relayhost", "a", "not_there"])
            let value = chance.pick(["", "x", "127.0.0.0/8, [::1]/128", "$mydomain = y"])
            var edited = file
            edited.set(name, to: value)
            #expect(edited[name] == value, "\(chance)")
            var others = file.values
            others[name] = value
            #expect(MainCf(edited.text).values == others, "\(chance)")
            #expect(Self.unread(edited.text).contains(Self.unread(file.text)), "\(chance)")
            var again = MainCf(edited.text)
            again.set(name, to: value)
            #expect(again.text == edited.text, "\(chance)")
        }
    }

    @Test func whatLeavingWritesGoesAgain() async {
        await fuzz(200) { chance in
            let file = MainCf(chance.mutation(of: Self.mainFiles))
            let leaving = MainCf(file.leaving(LeavingRoutes(handOver: "[lb.example]:25")).text)
            #expect(leaving["default_transport"] == "evacuation:[lb.example]:25", "\(chance)")
            #expect(leaving.leaving(nil).text == file.text, "\(chance)")
        }
    }

    @Test func anEditOfMasterCfDoesWhatItIsToDoAndNothingElse() async {
        await fuzz(400) { chance in
            let file = MasterCf(chance.mutation(of: Self.masterFiles))
            #expect(MasterCf(file.text).text == file.text, "\(chance)")
            let service = chance.pick(["smtp", "127.0.0.1:10025"])
            let lines = ["\(service) inet n - n - 2 smtpd", "  -o syslog_name=postfix/x", "  -o a=b"]
            var edited = file
            edited.set(service, "inet", to: lines)
            let read = MasterCf(edited.text)
            let wanted = read.entries.filter { $0.service == service && $0.type == "inet" }
            #expect(wanted.map { $0.overrides.map(\.name) } == [["syslog_name", "a"]], "\(chance)")
            func others(_ file: MasterCf) -> [[String]] {
                file.entries.filter { $0.service != service || $0.type != "inet" }.map {
                    [$0.service, $0.type, $0.command] + $0.arguments
                }
            }
            #expect(others(read) == others(file), "\(chance)")
            #expect(Self.unread(edited.text).contains(Self.unread(file.text)), "\(chance)")
            var again = read
            again.set(service, "inet", to: lines)
            #expect(again.text == edited.text, "\(chance)")
        }
    }

    /// The comments and blank lines, which no edit may touch.
    private static func unread(_ text: String) -> [Substring] {
        text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).filter { line in
            let content = line.drop { $0 == " " || (0x09...0x0D).contains($0.value) }
            return content.first == "#"
        }.map(Substring.init)
    }

    static let mainFiles = [
        """
        # See /usr/share/postfix/main.cf.dist
        mynetworks = 127.0.0.0/8,
            # inside
            10.0.0.0/8

        myhostname = a.example
        mydestination = $myhostname, localhost
        relayhost =
        a = b
        a = c
        debugger_command =
        \t PATH=/bin
        \t ddd $process_id & sleep 5

        """,
        " leading = 1\nrelayhost = [mine]:25\r\nmynetworks=x = y", "", "# only\n\n",
        "smtpd_banner = ${mail_name} (\n  Ä)\n#a = 1\n  b\n",
    ]

    static let masterFiles = [
        """
        # service type
        smtp      inet  n       -       n       -       -       smtpd
          -o smtpd_tls_security_level=may -v
        #  -o mynetworks=0.0.0.0/0
        127.0.0.1:10025 inet n - n - 2 smtpd
          -oa=b

        pickup    unix  n       -       n       60      1       pickup
        relay     unix  -       -       n       -       -       smtp
                -o syslog_name=postfix/$service_name
        smtp unix - - n - - smtp

        """,
        "  -o a=b\nsmtp inet n - n - - smtpd\r\nsmtp inet n - n - - postscreen\n", "",
        "submission inet n - n - - smtpd -o {a = b c} -vo x=y\n",
    ]
}
