import Host
import RelayNode
import RelayTestSupport
import SystemPackage
import Testing
import Vocabulary

@testable import Resources

/// The judgement of `[postfix]` before it is in force.
struct OperatorParameterTests {
    private func judged(
        _ name: String,
        _ value: String,
        read: String? = nil,
        standard: String? = nil,
        warning: String = "",
        more: String = "",
        master: String = ""
    ) async throws -> String? {
        let settings = try exampleSettings {
            $0.mail.parameters = [try OperatorParameter(name, value, place: "/c.toml:3:1")]
        }
        let wanted = try RelayNode(settings: settings, facts: exampleFacts()).postfix
        let runner = ScriptedRunner([
            "postconf -c /staged -n": CommandOutput(
                status: 0,
                standardOutput: read.map { "\(name) = \($0)\n" } ?? "",
                standardError: warning
            ),
            "postconf -c /staged -d \(name)": CommandOutput(
                status: 0,
                standardOutput: standard.map { "\(name) = \($0)\n" } ?? ""
            ),
        ])
        do {
            try await OperatorParameterJudge(runner: runner).judge(
                wanted,
                in: "/staged",
                main: MainCf("\(name) = \(value)\n\(more)\n"),
                master: MasterCf(master)
            )
            return nil
        } catch {
            return "\(error)"
        }
    }

    @Test func aParameterThatNobodyKnowsIsRefused() async throws {
        let warning = "postconf: warning: /staged/main.cf: unused parameter: smtpd_baner=x\n"
        let refusal = try #require(try await judged("smtpd_baner", "x", warning: warning))
        #expect(refusal.hasPrefix("/c.toml:3:1: postfix.smtpd_baner = 'x': this Postfix does not know it"))
        #expect(refusal.contains("postconf -d") && refusal.hasSuffix("Nothing was changed"))
    }

    /// postconf(1) before 2.9 prints none of these.
    @Test(arguments: [
        "virtual_alias_maps = $mine", "virtual_alias_maps = hash:${mine}/x", "x = $(mine)",
        "smtpd_restriction_classes = other, mine",
    ])
    func oneThatAnotherParameterUsesIsAllowed(more: String) async throws {
        #expect(try await judged("mine", "/x", more: more) == nil)
    }

    @Test(arguments: ["x = $minefield", "x = mine", "x = $mine_2", "smtpd_restriction_classes = minefield"])
    func oneThatIsOnlyALikeNameIsNot(more: String) async throws {
        #expect(try await judged("mine", "/x", more: more) != nil)
    }

    @Test func oneOfATransportOrOfMasterCfIsAllowed() async throws {
        let master = "slow unix - - n - - smtp\n  -o smtp_helo_name=$mine\n"
        #expect(try await judged("slow_destination_rate_delay", "5s", master: master) == nil)
        #expect(try await judged("mine", "a.b", master: master) == nil)
        #expect(try await judged("fast_destination_rate_delay", "5s", master: master) != nil)
    }

    @Test func aWarningOfPostfixRefusesIt() async throws {
        let warning = "postconf: warning: support for parameter \"smtpd_use_tls\" will be removed; specify x\n"
        let refusal = try #require(try await judged("smtpd_use_tls", "yes", read: "yes", warning: warning))
        #expect(refusal.contains("Postfix warns of it: support for parameter"))
        #expect(try await judged("smtpd_use_tls_x", "yes", read: "yes", warning: warning) == nil)
    }

    /// A program of Postfix's ends at these, and postconf(1) says nothing.
    @Test(arguments: [
        ("smtp_connect_timeout", "abc", "30s"), ("smtp_connect_timeout", "5y", "30s"),
        ("smtp_connect_timeout", "", "30s"), ("max_use", "many", "100"), ("max_use", "5s", "100"),
        ("max_use", "99999999999", "100"), ("biff", "maybe", "yes"),
    ])
    func aValueOfAnotherFormIsRefused(name: String, value: String, standard: String) async throws {
        let refusal = try #require(try await judged(name, value, read: value, standard: standard))
        #expect(refusal.hasPrefix("/c.toml:3:1: postfix.\(name) = '\(value)': Postfix expects "))
    }

    @Test(arguments: [
        ("smtp_connect_timeout", "5m", "30s"), ("smtp_connect_timeout", "90", "30s"), ("max_use", "$x", "100"),
        ("biff", "No", "yes"), ("default_destination_concurrency_negative_feedback", "1/concurrency", "1"),
        ("compatibility_level", "3.6", "0"), ("smtpd_forbid_bare_newline", "normalize", "no"),
        ("smtp_address_preference", "ipv4", "any"),
    ])
    func aValueOfItsFormIsNot(name: String, value: String, standard: String) async throws {
        #expect(try await judged(name, value, read: value, standard: standard) == nil)
    }
}
