/// The fate of a message for one recipient, or as a whole.
package enum MessageFate: String, Sendable, CaseIterable {
    // From the worst to the best.
    case refused, bounced, expired, deleted, discarded
    /// The door told the client to try again.
    case putOff = "put off"
    case waiting
    case held = "on hold"
    /// The client ended before the message did, or Postfix refused the message then.
    case unfinished = "not taken"
    /// The log lacks what happened last.
    case unknown = "gone, and the log does not say where"
    /// It goes on under another id.
    case requeued
    case sent
    /// No mail: Postfix has asked whether an address exists (ADDRESS_VERIFICATION_README).
    case probe = "a probe of an address"

    /// Whether the client has to try again, or may.
    var isUpToTheClient: Bool { self == .putOff || self == .unfinished }

    /// As an exit status: 0 sent, 2 may still be sent, 3 is not sent.
    var exitStatus: Int32 {
        switch self {
        case .refused, .bounced, .expired, .deleted, .discarded: 3
        case .putOff, .waiting, .held, .unfinished, .unknown, .requeued: 2
        case .sent, .probe: 0
        }
    }
}

extension TracedMessage {
    /// The fate of those recipients that a query asks for: the worst of theirs.
    ///
    /// - Parameter isQueued: Whether the message is in the queue now; `nil` where that is not known.
    func fate(of query: TraceQuery, isQueued: Bool?) -> MessageFate {
        let fates = fates(isQueued: isQueued)
        let meant = fates.filter { fate in fate.recipients.contains { query.matches(recipient: $0) } }
        // One who is not named in the log yet may be any of the rest.
        let counted = Set((meant.isEmpty ? fates : meant).map(\.fate))
        return MessageFate.allCases.first(where: counted.contains) ?? .unknown
    }

    /// The fate for each recipient that the log names, and of the rest.
    private func fates(isQueued: Bool?) -> [(recipients: [String?], fate: MessageFate)] {
        let rest = fateOfTheRest(isQueued: isQueued)
        let deliveries = deliveries
        var fates = deliveries.map { delivery -> (recipients: [String?], fate: MessageFate) in
            let fate: MessageFate =
                switch delivery.status {
                case .sent: .sent
                case .bounced: .bounced
                case .deferred: rest
                case .deliverable, .undeliverable: .probe
                }
            return ([delivery.recipient, delivery.originalRecipient], fate)
        }
        let refusals = verdicts.filter { $0.kind == .refused }
        for refusal in refusals { fates.append(([refusal.recipient], refusal.isTemporary ? .putOff : .refused)) }
        let isWhole = !deliveries.isEmpty && (deliveries.count >= recipients || has(.removed(id)))
        if !isWhole, sender != nil || refusals.isEmpty { fates.append(([nil], rest)) }
        return fates
    }

    /// The fate for recipients whose mail was neither delivered nor bounced.
    private func fateOfTheRest(isQueued: Bool?) -> MessageFate {
        if has(.expired(id)) { return .expired }
        if has(.deleted(id)) { return .deleted }
        if has(.requeued(id)) { return .requeued }
        if verdicts.contains(where: { $0.kind == .discarded }) { return .discarded }
        if has(.removed(id)) { return .unknown }
        if isHeld { return .held }
        if isQueued == true { return .waiting }
        if sender == nil, deliveries.isEmpty { return .unfinished }
        return isQueued == false ? .unknown : .waiting
    }
}
