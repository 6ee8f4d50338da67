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
    /// How long the door may have a client wait that it refuses.
    let tarpit: Duration
    /// Is called before each conversation that begins a message.
    var beforeMessage: @Sendable () async -> Void = {}

    private var patience: Duration { door.isScreened ? .seconds(12) : .seconds(5) }

    private func probed(patience: Duration) -> ProbedDoor {
        ProbedDoor(
            SMTPServer(door.address, port: door.port),
            from: selfTest.address,
            isProxied: door.isProxied,
            isImplicitTLS: door.isImplicitTLS,
            patience: patience
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

    /// All strangers. Each recipient has a connection of its own: Postfix makes clients wait that are refused more than once.
    ///
    /// - Throws: `RelayPolicyFailure.openRelay`, or `SMTPFailure` where the door does not answer.
    func refusesStrangers() async throws {
        var attempts = selfTest.outsiders.flatMap { stranger in
            recipients.map { RelayAttempt(as: .told(stranger), to: [$0]) }
        }
        // The barrier at DATA is the same for all, so one stranger is enough.
        attempts += selfTest.outsiders.prefix(1).map {
            RelayAttempt(as: .told($0), to: [Self.postmaster], goesToData: true)
        }
        if door.isProxied, let stranger = selfTest.outsiders.first(where: { $0.family == door.address.family }) {
            attempts += recipients.map { RelayAttempt(as: .proxied(stranger), to: [$0]) }
        }
        await beforeMessage()
        let answers = try await Patience.severalTimes {
            try await probe.separately(attempts, at: probed(patience: patience + tarpit))
        }
        for (attempt, answers) in zip(attempts, answers) { try judge(answers, to: attempt) }
    }

    private func judge(_ answers: RelayAnswers, to attempt: RelayAttempt) throws {
        let stranger = attempt.client.address ?? selfTest.address
        for (recipient, reply) in zip(attempt.recipients, answers.recipients)
        where reply.isPositive && recipient != Self.postmaster {
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
                await beforeMessage()
                let attempt = RelayAttempt(as: .told(sender), to: recipients, goesToData: true)
                let answers = try await probe.attempts([attempt], at: probed(patience: patience))[0]
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
        let probed = probed(patience: patience + tarpit)
        // Who speaks for himself can become a stranger in the same connection, which spares the log some lines.
        let answers =
            if selfTest.servesItself {
                try await probe.attempts([served, refused], at: probed)
            } else {
                try await probe.attempts([served], at: probed) + probe.attempts([refused], at: probed)
            }
        try judge(answers[1], to: refused)
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
