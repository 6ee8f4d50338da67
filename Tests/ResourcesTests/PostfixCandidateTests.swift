import Host
import RelayTestSupport
import SystemPackage
import Testing

@testable import Resources

/// The questions to Postfix about a main.cf that it does not have yet.
struct PostfixCandidateTests {
    private static let read = "postconf -c /staged -n"

    private func judge(_ meant: [String: String], _ answers: [String: CommandOutput]) async -> (any Error)? {
        let candidate = PostfixCandidate(
            runner: ScriptedRunner(answers),
            files: FileSystem(),
            levelSetting: "sender.outbound_level"
        )
        do {
            try await candidate.understood(in: "/staged", as: meant)
            return nil
        } catch {
            return error
        }
    }

    private func printed(_ lines: String...) -> [String: CommandOutput] {
        [Self.read: CommandOutput(status: 0, standardOutput: lines.map { $0 + "\n" }.joined())]
    }

    @Test func whatItReadsIsWhatWasMeant() async {
        #expect(await judge(["biff": "no"], printed("biff = no", "inet_interfaces = all")) == nil)
        let error = await judge(["biff": "no"], printed("biff = yes"))
        #expect("\(error.map { "\($0)" } ?? "")".contains("biff reads 'yes', not 'no'"))
    }

    private static let level = "smtp_tls_security_level = fingerprint"
    private static let meant = ["smtp_tls_security_level": "fingerprint"]

    /// Postfix would defer all mail: no certificate is trusted then (TLS_README, "Certificate fingerprint verification").
    @Test(arguments: ["", "smtp_tls_fingerprint_cert_match ="])
    func fingerprintsThatAreMissingAreNamedWithTheSetting(line: String) async {
        let error = await judge(Self.meant, printed(Self.level, line))
        let text = error.map { "\($0)" } ?? ""
        #expect(text.contains("sender.outbound_level is \"fingerprint\", but no mail could leave"))
        #expect(text.contains("set smtp_tls_fingerprint_cert_match in /etc/postfix/main.cf"))
    }

    @Test(arguments: [
        "smtp_tls_fingerprint_cert_match = 3D:95:34:51", "smtp_tls_policy_maps = texthash:/etc/postfix/policies",
    ])
    func whoHasFingerprintsIsLeftAlone(line: String) async {
        #expect(await judge(Self.meant, printed(Self.level, line)) == nil)
    }

    /// The agent's table knows only the smarthost, and no fingerprints.
    @Test func theAgentsOwnTableHasNone() async {
        let policies = "texthash:/etc/postfix/tls_policy_table"
        let meant = Self.meant.merging(["smtp_tls_policy_maps": policies]) { _, new in new }
        #expect(await judge(meant, printed(Self.level, "smtp_tls_policy_maps = \(policies)")) != nil)
    }

    /// postconf(1) warns of a parameter that it does not know, and prints nothing.
    @Test func withoutDANETheSettingIsNamed() async {
        let meant = ["smtp_tls_security_level": "dane", "smtp_dns_support_level": "dnssec"]
        let words = "postconf: warning: smtp_dns_support_level: unknown parameter"
        let unknown = CommandOutput(status: 0, standardError: words)
        let error = await judge(meant, ["postconf smtp_dns_support_level": unknown])
        #expect((error.map { "\($0)" } ?? "").contains("knows no DANE; set sender.outbound_level to another level"))
        var answers = printed("smtp_tls_security_level = dane", "smtp_dns_support_level = dnssec")
        answers["postconf smtp_dns_support_level"] = CommandOutput(
            status: 0,
            standardOutput: "smtp_dns_support_level = dnssec\n"
        )
        #expect(await judge(meant, answers) == nil)
    }
}
