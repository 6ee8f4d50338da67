import Signer
import Vocabulary

/// Refuses mail of senders that the settings do not name.
///
/// It looks at a message's end, when Postfix has rewritten the addresses in its headers. The envelope's sender, which
/// milters see as the client gave it, is rewritten here.
struct SenderPolicy: MilterPolicy {
    /// Asked at each message, so that new settings need no restart. `nil` where nobody is limited.
    let rules: @Sendable () -> SenderRules?
    /// The domain that Postfix appends to a sender without one.
    let domain: @Sendable () -> DomainName?
    /// Told of each message of another sender.
    let report: @Sendable (SenderViolation, MilterEnvelope, SenderRules.Mode) -> Void

    func verdict(on envelope: MilterEnvelope) -> MilterVerdict { .sign }

    func verdict(on envelope: MilterEnvelope, head: MessageHead) -> MilterVerdict {
        guard let rules = rules(), let domain = domain(),
            let violation = SenderJudge(rules, domain: domain).violation(envelope, head)
        else { return .sign }
        report(violation, envelope, rules.mode)
        return rules.mode == .warn ? .sign : .refuse(.permanent("7.1", "\(violation)"))
    }
}
