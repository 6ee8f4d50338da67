import RelayTestSupport
import Settings
import Testing
import Vocabulary

/// Settings from a file, tags, variables, flags and the launch's file, none of which are the program's own.
struct SettingsFuzzTests {
    @Test func aFileIsReadOrEachThingWrongWithItIsOneLine() async {
        await fuzz(150) { chance in
            let text = chance.mutation(of: Self.files)
            expectSound(
                SettingsSources(file: SettingsFile(path: "/c.toml", text: text), environment: [:], flags: []),
                [:],
                chance
            )
        }
    }

    @Test func soAreTagsVariablesAndFlags() async {
        await fuzz(150) { chance in
            let key = chance.pick(SettingKey.all)
            let value = chance.mutation(of: Self.values)
            var tags = ["smtp-relay:domain": "example.com"]
            tags[chance.mutation(of: [key.tag, "Name"])] = value
            let environment = [chance.mutation(of: [key.variable]): value]
            let flags = [chance.mutation(of: ["\(key.name)=\(value)", key.name])]
            expectSound(SettingsSources(file: nil, environment: environment, flags: flags), tags, chance)
        }
    }

    @Test func whatALaunchKeepsIsReadBackAsItWas() async {
        await fuzz(400) { chance in
            var launch = LaunchEnvironment(text: chance.mutation(of: ["# a\nSMTP_RELAY_DOMAIN=a.b\nNO_PROXY=c\n", ""]))
            let key = chance.pick(SettingKey.all)
            let value = chance.mutation(of: Self.values)
            launch.keep(
                environment: [chance.mutation(of: [key.variable, "HTTPS_PROXY"]): value],
                flags: ["\(key.name)=\(value)"],
                file: chance.mutation(of: ["/c.toml"])
            )
            #expect(LaunchEnvironment(text: launch.text) == launch, "\(chance)")
        }
    }

    /// All that is wrong is said, a line for each, and the table of what is right has a line for each setting.
    private func expectSound(_ sources: SettingsSources, _ tags: [String: String], _ chance: Chance) {
        let name = sources.read(tags: nil).role
        let reading = sources.read(tags: name == .relay ? tags : nil)
        do throws(SettingsProblems) {
            let table =
                switch try reading.inForce() {
                case .relay(let resolved): resolved.table
                case .sender(let resolved): resolved.table
                }
            #expect(reading.problemsOfHost.isEmpty, "\(chance)")
            #expect(reading.tagProblems.allSatisfy { $0.description.isOnePlainLine }, "\(chance)")
            let rows = table.unicodeScalars.split(separator: "\n").map { String($0) }
            #expect(rows.count == SettingKey.all.count { $0.counts(in: name) }, "\(chance)")
            #expect(rows.allSatisfy { $0.isOnePlainLine }, "\(chance)")
        } catch {
            #expect(!error.problems.isEmpty, "\(chance)")
            #expect(error.problems.allSatisfy { $0.description.isOnePlainLine }, "\(chance)")
            #expect(reading.problemsOfHost == error.problems, "\(chance)")
        }
    }

    private static let files = [
        """
        # a comment
        [mail]
        domain = "example.com"
        networks = ["vpc", '10.0.0.0/8', \"\"\"192.168.7.0/24\"\"\"]
        [health]
        port = 8_080
        path = "/up"
        [load_balancer]
        classic = [
            "a", # one
            "b",
        ]
        timeout = "2m"
        allow_open_to_world = false

        """,
        "mail = { domain = \"a.b\", hostname = \"c.d\" }\nmetadata.timeout = 0x1F\n",
        "mail.domain = \"\\u00e4.\\n\\u0000\"\n[[health]]\nport = 1979-05-27T07:32:00Z\n\"a\\u0007b\" = 1.5\n",
        "role = \"sender\"\nsender.relayhost = \"[relay.example.com]:25\"\nsender.outbound_level = \"may\"\n",
        "[mail]\ndomain = 'a.b'\n\"x y\".'z' = [[1], [{a = 1}]]\n",
    ]
    private static let values = [
        "example.com", "10.0.0.0/8, vpc", "8080", "true", "90s", "/health", "arn:aws:elasticloadbalancing:a:1:x/y/z",
        "sender", "[relay.example.com]:25", "",
    ]
}
