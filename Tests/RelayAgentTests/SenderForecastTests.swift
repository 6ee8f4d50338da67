import MailLogs
import Testing
import Vocabulary

@testable import Doctor
@testable import RelayAgent

/// The senders that a plan lists.
struct SenderForecastTests {
    private func forecast(_ senders: [String], _ rules: SenderRules) throws -> SenderForecast? {
        let entries = senders.enumerated().map {
            MailLogEntry(
                program: "qmgr",
                message: "4A\($0.offset): from=<\($0.element)>, size=1, nrcpt=1 (queue active)"
            )
        }
        return SenderForecast(LoggedSenders(entries), rules, domain: try DomainName("example.com"))
    }

    private func rules() throws -> SenderRules {
        var rules = SenderRules()
        rules.senders = [try SenderPattern("example.com")]
        rules.rewriting.map = [try SenderMapping(".ec2.internal=ops@example.com")]
        return rules
    }

    @Test func theMostFrequentComeFirst() throws {
        let senders = [
            "a@b.example", "x@evil.example", "x@evil.example", "app@example.com", "root@ip-1.ec2.internal", "",
        ]
        #expect(
            try forecast(senders, rules())?.description == """
                # senders of the last day that mail.senders does not name
                <x@evil.example>: 2 messages
                <a@b.example>: 1 message

                """
        )
        #expect(try forecast(["app@example.com"], rules()) == nil)
    }

    @Test func manyAreCutShort() throws {
        let text = try #require(try forecast((0..<30).map { "a@b\($0).example" }, rules())).description
        #expect(text.split(separator: "\n").count == 22 && text.hasSuffix("and 10 further senders\n"))
    }
}
