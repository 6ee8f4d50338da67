import RelayTestSupport
import Settings
import Testing
import Vocabulary

/// `[[mail.destination]]`: pace and TLS of the mail to a receiving domain.
struct DestinationSettingsTests {
    private func sources(_ toml: String, environment: [String: String] = [:]) -> SettingsSources {
        let text = "[mail]\ndomain = \"example.com\"\n" + toml
        return SettingsSources(file: SettingsFile(path: "/c.toml", text: text), environment: environment, flags: [])
    }

    private func paced(_ toml: String, environment: [String: String] = [:]) throws -> [Destination] {
        try sources(toml, environment: environment).relay().settings.mail.paced
    }

    private func problems(_ toml: String) -> [String] { sources(toml).read(tags: [:]).problems.map(\.description) }

    private func table(_ domain: String, _ rest: String) -> String {
        "[[mail.destination]]\ndomain = \"\(domain)\"\n\(rest)\n"
    }

    @Test func eachTableIsOneDomain() throws {
        #expect(try paced("").isEmpty)
        let paced = try paced(
            table("Gmail.com", "concurrency = 5\ntls = \"secure\"") + table("b.example", "rate = \"30/m\"")
                + table("c.example", "tls = \"dane-only\"")
        )
        #expect(
            paced.map(\.description) == [
                "gmail.com=concurrency:5;tls:secure", "b.example=rate:30/m", "c.example=tls:dane-only",
            ]
        )
        #expect(paced[0].pace == .concurrency(5) && paced[0].tls == .secure)
        #expect(paced[1].pace == .rate(try MessageRate("30/m")) && paced[1].tls == nil)
        #expect(paced[2].pace == nil)
    }

    @Test func aVariableHasThemAsTexts() throws {
        let variable = "a.example=rate:100/h;tls:encrypt, b.example=concurrency:2"
        let paced = try paced("", environment: ["SMTP_RELAY_DESTINATION": variable])
        #expect(paced.map(\.description) == ["a.example=rate:100/h;tls:encrypt", "b.example=concurrency:2"])
    }

    /// Postfix waits whole seconds, and the rate is never above the one that was asked for.
    @Test(arguments: [
        ("1/s", 1), ("60/m", 1), ("59/m", 2), ("30/m", 2), ("7/m", 9), ("1/m", 60), ("100/h", 36), ("3600/h", 1),
        ("5000/d", 18), ("1/d", 86400),
    ])
    func aRateIsAPauseOfWholeSeconds(text: String, pause: Int) throws {
        #expect(try MessageRate(text).pause == pause)
        #expect(try MessageRate(text).description == text)
    }

    @Test(arguments: ["2/s", "61/m", "0/m", "30", "30/", "/m", "30/w", "-1/m", "+1/m", "1.5/m", "30 /m", "30/m/m", ""])
    func otherRatesAreRefused(text: String) {
        #expect(throws: InvalidValue.self) { try MessageRate(text) }
        let problems = problems(table("a.example", "rate = \"\(text)\""))
        #expect(problems.count == 1 && problems.first?.contains("30/m") == true, "\(problems)")
    }

    @Test(arguments: [
        ("concurrency = 5\nrate = \"1/s\"", "a concurrency or a rate"), ("", "concurrency (a number) or rate"),
        ("concurrency = \"5\"", "concurrency (a number)"), ("rate = 5", "rate (a text)"),
        ("tls = \"may;tls:none\"", "tls (a text)"), ("concurrency = 5\nmore = 1", "concurrency (a number)"),
        ("concurrency = 0", "from 1 to 100"), ("concurrency = 101", "from 1 to 100"),
        ("tls = \"fingerprint\"", "\"secure\""), ("tls = \"TLS\"", "\"secure\""),
    ])
    func aTableIsWhole(rest: String, words: String) {
        let problems = problems(table("a.example", rest))
        #expect(problems.count == 1, "\(problems)")
        #expect(problems.first?.hasPrefix("/c.toml:3:") == true && problems.first?.contains("mail.destination") == true)
        #expect(problems.first?.contains(words) == true, "\(problems)")
    }

    @Test func aDomainIsThereOnceAndNotDeliveredHere() {
        let twice = table("a.example", "concurrency = 5") + table("A.example", "tls = \"may\"")
        #expect(problems(twice).map { $0.contains("a.example is listed more than once") } == [true])
        let local = "destinations = [\"a.example\"]\n" + table("a.example", "concurrency = 5")
        #expect(problems(local).map { $0.contains("a.example is in mail.destinations too") } == [true])
    }

    /// The smarthost's certificate is always verified, whatever the mail's domain.
    @Test func theSmarthostsTLSIsItsOwn() {
        let smarthost = "[mail.upstream]\nhost = \"smtp.example.net\"\n"
        let problems = problems(smarthost + table("a.example", "tls = \"may\""))
        #expect(problems.map { $0.contains("goes to mail.upstream.host") } == [true], "\(problems)")
        let transport = "[[mail.transport]]\ndomain = \"a.example\"\nnexthop = \"[mx.internal]\"\n"
        #expect(self.problems(smarthost + transport + table("a.example", "tls = \"may\"")).isEmpty)
        #expect(self.problems(smarthost + table("a.example", "rate = \"1/s\"")).isEmpty)
    }

    @Test func noTagMaySetThem() {
        let reading = sources("").read(tags: ["smtp-relay:destination": "a.example=concurrency:1"])
        #expect(reading.tagProblems.count == 1)
    }
}
