import RelayNode
import SMTP
import Vocabulary

/// Tries a door as strangers and as senders, and judges its answers.
///
/// A stranger is refused by whatever answer is no yes: codes and words are the operator's to choose. Whoever is cut off or
/// told to come back later has had nothing relayed either.
struct DoorTrial: Sendable {
    let probe: any RelayProbing
    let selfTest: SelfTest
    let door: Door

    private var probed: ProbedDoor {
        ProbedDoor(
            SMTPServer(door.address, port: door.port),
            from: selfTest.address,
            isProxied: door.isProxied,
            isImplicitTLS: door.isImplicitTLS,
            patience: door.isScreened ? .seconds(12) : .seconds(5)
        )
    }

    /// RFC 2606 keeps `.invalid` from ever being anybody's, so no relay can call it its own.
    private static let foreign = "nobody@relay-self-test.invalid"
    /// Postfix takes it from everyone (RFC 5321, section 4.5.1).
    private static let postmaster = "postmaster"

    /// Foreign domains, and the service's own: restrictions that ask DNS about the recipient stop only one of them.
    private var recipients: [String] {
        [Self.foreign, "\(Self.postmaster)@\(selfTest.domain)"]
            + selfTest.domains.map { "\(Self.postmaster)@\($0)" }
    }

    /// All strangers, each in a connection of its own.
    ///
    /// - Throws: `RelayPolicyFailure.openRelay`, or `SMTPFailure` where the door does not answer.
    func refusesStrangers() async throws {
        for stranger in selfTest.outsiders {
            // The barrier at DATA is the same for all, and each message that is begun takes one of the tokens by which Postfix
            // slows senders down (postconf(5), in_flow_delay).
            try await refuses(.told(stranger), stranger, goesToData: stranger == selfTest.outsiders.first)
        }
        let family = door.address.family
        guard door.isProxied, let stranger = selfTest.outsiders.first(where: { $0.family == family }) else { return }
        try await refuses(.proxied(stranger), stranger, goesToData: false)
    }

    private func refuses(_ client: RelayAttempt.Client, _ stranger: IPAddress, goesToData: Bool) async throws {
        let tried = goesToData ? recipients + [Self.postmaster] : recipients
        let attempt = RelayAttempt(as: client, to: tried, goesToData: goesToData)
        let answers = try await Patience.severalTimes { try await probe.attempts([attempt], at: probed)[0] }
        try judge(answers, of: stranger, tried)
    }

    private func judge(_ answers: RelayAnswers, of stranger: IPAddress, _ tried: [String]) throws {
        for (recipient, reply) in zip(tried, answers.recipients) where reply.isPositive && recipient != Self.postmaster
        {
            throw RelayPolicyFailure.openRelay(stranger, door, command: "RCPT TO:<\(recipient)>", reply)
        }
        if let data = answers.data, data.code == 354 {
            throw RelayPolicyFailure.openRelay(stranger, door, command: "DATA", data)
        }
    }

    /// One host of each allowed network, as far as DATA.
    ///
    /// - Throws: `RelayPolicyFailure.refusesItsOwn`, or `SMTPFailure`.
    func servesSenders() async throws {
        for sender in selfTest.insiders {
            try await Patience.severalTimes {
                let attempt = RelayAttempt(as: .told(sender), to: recipients, goesToData: true)
                let answers = try await probe.attempts([attempt], at: probed)[0]
                if let refusal = refusal(of: answers) { throw RelayPolicyFailure.refusesItsOwn(sender, door, refusal) }
            }
        }
    }

    /// The least that shows that the door is as it should be: a sender is served, and a stranger refused.
    ///
    /// - Throws: As the two above.
    func look() async throws {
        guard let stranger = selfTest.outsiders.first else { return }
        let sender = selfTest.servesItself ? selfTest.address : selfTest.insiders.last ?? selfTest.address
        let served = RelayAttempt(as: selfTest.servesItself ? .thisHost : .told(sender), to: recipients)
        let refused = RelayAttempt(as: .told(stranger), to: [Self.foreign])
        // Who speaks for himself can become a stranger in the same connection, which spares the log some lines.
        let answers =
            if selfTest.servesItself {
                try await probe.attempts([served, refused], at: probed)
            } else {
                try await probe.attempts([served], at: probed) + probe.attempts([refused], at: probed)
            }
        try judge(answers[1], of: stranger, refused.recipients)
        if let refusal = refusal(of: answers[0]) { throw RelayPolicyFailure.refusesItsOwn(sender, door, refusal) }
    }

    /// The answer by which a sender is refused; `nil` where it is served.
    private func refusal(of answers: RelayAnswers) -> SMTPReply? {
        if let refusal = answers.refusal { return refusal }
        // Either of the first two will do: some refuse recipients that DNS does not know.
        let general = answers.recipients.prefix(2)
        if !general.contains(where: \.isPositive) { return general.first }
        if let refusal = answers.recipients.dropFirst(2).first(where: { !$0.isPositive }) { return refusal }
        if let data = answers.data, data.code != 354 { return data }
        return nil
    }
}
