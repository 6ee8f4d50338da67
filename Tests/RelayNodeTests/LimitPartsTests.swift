import RelayNode
import RelayTestSupport
import Testing
import Vocabulary

/// The parameters of `[mail.limits]`.
struct LimitPartsTests {
    private func values(_ change: (inout ClientLimits) throws -> Void) throws -> [String: String] {
        let settings = try exampleSettings { try change(&$0.mail.limits) }
        let postfix = try RelayNode(settings: settings, facts: exampleFacts()).postfix
        return MainCf(postfix.mainCf(from: "")).values
    }

    private static let exceptions = "smtpd_client_event_limit_exceptions"

    @Test func eachLimitIsAParameter() throws {
        let values = try values {
            $0.messagesPerMinute = 1
            $0.recipientsPerMinute = 2
            $0.connectionsPerMinute = 3
            $0.connections = 4
            $0.exempt = [try IPNetwork("10.0.3.0/24"), try IPNetwork("2001:db8::/64")]
        }
        #expect(values["smtpd_client_message_rate_limit"] == "1")
        #expect(values["smtpd_client_recipient_rate_limit"] == "2")
        #expect(values["smtpd_client_connection_rate_limit"] == "3")
        #expect(values["smtpd_client_connection_count_limit"] == "4")
        #expect(values["anvil_rate_time_unit"] == "60s")
        let address = try exampleFacts().privateAddress
        #expect(values[Self.exceptions] == "127.0.0.0/8 [::1]/128 \(address)/32 10.0.3.0/24 [2001:db8::]/64")
    }

    @Test func withoutALimitPostfixsOwnCount() throws {
        let values = try values { $0.exempt = [] }
        #expect(values[Self.exceptions] == nil && values["anvil_rate_time_unit"] == nil)
    }

    /// Behind a proxy's header, each conversation of the proof comes from one of these.
    @Test func theHostsOfTheProofAreNeverLimited() throws {
        let settings = try exampleSettings {
            $0.mail.proxyProtocol = true
            $0.mail.limits.messagesPerMinute = 1
        }
        let node = try RelayNode(settings: settings, facts: exampleFacts())
        let exempt = MainCf(node.postfix.mainCf(from: ""))[Self.exceptions] ?? ""
        for host in node.selfTest.insiders + node.selfTest.outsiders {
            let form = host.family == .ipv4 ? "\(host)/32" : "[\(host)]/128"
            #expect(exempt.split(separator: " ").contains(Substring(form)), "\(host)")
        }
    }
}
