import RelayTestSupport
import Testing
import Vocabulary

@testable import Settings

/// `[cloudwatch]`: what goes to CloudWatch.
struct CloudWatchSettingsTests {
    private func sources(_ text: String) -> SettingsSources {
        let file = SettingsFile(path: "/c.toml", text: "[mail]\ndomain = \"example.com\"\n[cloudwatch]\n\(text)\n")
        return SettingsSources(file: file, environment: [:], flags: [])
    }

    @Test func nothingLeavesTheHostUnlessItIsAskedFor() throws {
        let settings = try sources("").relay().settings.cloudWatch
        #expect(settings == CloudWatchSettings(logs: nil, metrics: nil, addresses: .hashed))
    }

    @Test func groupNamespaceAndFormAreRead() throws {
        let text = "logs = \"/smtp-relay/mail\"\nmetrics = \"SMTPRelay\"\naddresses = \"masked\""
        let expected = CloudWatchSettings(
            logs: try LogGroupName("/smtp-relay/mail"),
            metrics: try MetricNamespace("SMTPRelay"),
            addresses: .masked
        )
        #expect(try sources(text).relay().settings.cloudWatch == expected)
    }

    @Test(arguments: [
        ("logs = \"a b\"", "cloudwatch.logs: 'a b' is not a log group's name"),
        ("metrics = \"AWS/EC2\"", "cloudwatch.metrics: 'AWS/EC2' is not a namespace of metrics"),
        ("addresses = \"plain\"", "cloudwatch.addresses: 'plain' is not one of \"whole\", \"hashed\", \"masked\""),
    ])
    func aWrongValueIsToldWithItsPlace(text: String, words: String) {
        let problems = sources(text).read(tags: [:]).problems.map(\.description)
        #expect(problems.count == 1 && problems[0].hasPrefix("/c.toml:4:1: \(words)"), "\(problems)")
    }

    /// A tag could lead the mail log elsewhere.
    @Test func aTagSaysNothingOfIt() {
        let problems = sources("").read(tags: ["smtp-relay:cloudwatch.logs": "mine"]).problems.map(\.description)
        #expect(problems.count == 1 && problems[0].contains("cloudwatch.logs"))
    }
}
