import RelayNode
import Vocabulary

/// The times for which Postfix's SMTP servers make a client wait on purpose (postconf(5)): the longest of any of them.
struct AnswerDelays: Sendable {
    /// For each answer to a client that has made its errors (smtpd_error_sleep_time).
    let tarpit: Duration
    /// For each refusal, the first one included; zero where the first errors are free (smtpd_soft_error_limit).
    let refusal: Duration
    /// For the first recipient, while mail comes in faster than it goes out (in_flow_delay).
    let flow: Duration

    /// - Parameters:
    ///   - main: Postfix's main.cf.
    ///   - master: Its master.cf, whose services may override it.
    init(_ main: MainCf, _ master: MasterCf?) {
        let servers = master?.entries.filter { $0.program == "smtpd" }.map(\.overrides) ?? []
        let delays = ([[]] + servers).map { overrides in
            func value(_ name: String) -> String? { overrides.last { $0.name == name }?.value ?? main[name] }
            func delay(_ name: String) -> Int {
                min(value(name).flatMap(PostfixTime.seconds(inMainCf:)) ?? 1, Self.longest)
            }
            let tarpit = delay("smtpd_error_sleep_time")
            let isEager = value("smtpd_soft_error_limit").flatMap { Int($0) } == 1
            return (tarpit: tarpit, refusal: isEager ? tarpit : 0, flow: delay("in_flow_delay"))
        }
        self.tarpit = .seconds(delays.map(\.tarpit).max() ?? 0)
        self.refusal = .seconds(delays.map(\.refusal).max() ?? 0)
        self.flow = .seconds(delays.map(\.flow).max() ?? 0)
    }

    /// In seconds. A longer delay would hold up the proof.
    private static let longest = 60
}
