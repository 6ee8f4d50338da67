import RelayNode
import RelayTestSupport
import Settings
import Testing
import Vocabulary

/// From whatever stands in tags and files to what is written for Postfix and nginx.
struct SettingsToFilesFuzzTests {
    /// A value that gets through has no byte that could end a line or a directive, so that each parameter reads as it
    /// was meant, and nginx has the directives of the usual settings, and no other.
    @Test func noSettingWritesMoreThanItsOwnValue() async throws {
        let usual = try Self.node(["mail.domain=example.com"])
        var accepted = 0
        try await fuzz(300) { chance in
            var flags = ["mail.domain=\(chance.mutation(of: ["example.com", "a-b.example.", "x.y"]))"]
            for (key, samples) in Self.samples where chance.below(3) == 0 {
                flags.append("\(key)=\(chance.mutation(of: samples))")
            }
            let node: RelayNode
            do {
                node = try Self.node(flags)
            } catch let error as SettingsProblems {
                #expect(error.problems.allSatisfy { $0.description.isOnePlainLine }, "\(chance)")
                return
            } catch let error as RefusedNetworks {
                #expect("\(error)".split(separator: "\n").allSatisfy { String($0).isOnePlainLine }, "\(chance)")
                return
            }
            accepted += 1
            let before = chance.mutation(of: PostfixFilesFuzzTests.mainFiles)
            let read = MainCf(node.postfix.mainCf(from: before))
            for parameter in node.postfix.parameters {
                #expect(parameter.value.isOnePlainLine, "\(chance)")
                #expect(read[parameter.name] == parameter.value, "\(chance)")
            }
            let foreign = MainCf(before).values.filter { !usual.postfix.parameters.map(\.name).contains($0.key) }
            #expect(foreign.allSatisfy { read[$0.key] == $0.value }, "\(chance)")
            // The agent sets these where nobody else does.
            let presets: Set = ["smtp_address_preference", "smtp_tls_loglevel", "smtpd_tls_loglevel"]
            let written = read.values.filter { !presets.contains($0.key) || foreign[$0.key] != nil }
            #expect(written.count == foreign.count + node.postfix.parameters.count, "\(chance)")
            #expect(Self.directives(node.nginx.text) == Self.directives(usual.nginx.text), "\(chance)")
        }
        #expect(accepted > 0)
    }

    private static let samples = [
        ("mail.hostname", ["relay.example.com", "a.b"]),
        ("mail.destinations", ["a.example,b.example", "c.example"]),
        ("mail.networks", ["vpc,192.168.7.0/24", "subnet", "2001:db8:1::/64,203.0.113.7"]),
        ("mail.allow_public_networks", ["203.0.0.0/16"]),
        ("health.port", ["8080", "81"]),
        ("health.path", ["/health", "/a/b_c.html"]),
    ]

    private static func node(_ flags: [String]) throws -> RelayNode {
        let settings = try SettingsSources(file: nil, environment: [:], flags: flags).relay().settings
        return try RelayNode(settings: settings, facts: exampleFacts(ipv6: ["2001:db8:1::10"]))
    }

    /// The words that nginx reads as the names of directives or blocks, with the end of each line.
    private static func directives(_ text: String) -> [String] {
        text.split(separator: "\n").map { line in
            let words = line.split(separator: " ")
            return "\(words.first ?? "") \(words.count) \(line.last ?? " ")"
        }
    }
}
