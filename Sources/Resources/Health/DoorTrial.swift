import RelayNode
import SMTP
import Vocabulary

/// Tries a door as strangers and as senders, and judges its answers.
///
/// Every answer that does not accept refuses a stranger: the operator may choose codes and words. A closed connection and a
/// temporary refusal relay nothing either.
struct DoorTrial: Sendable {
    let probe: any RelayProbing
    let selfTest: SelfTest
    let door: Door
    /// The times for which the door may make a client wait.
    let delays: AnswerDelays
    /// The node's myhostname.
    let hostname: String?
    /// Is called before each conversation that begins a message.
    let beforeMessage: @Sendable () async -> Void

    /// - Parameters:
    ///   - main: Postfix's main.cf, for its delays and its name.
    ///   - master: Its master.cf, for the delays of this door's own.
    init(
        probe: any RelayProbing,
        selfTest: SelfTest,
        door: Door,
        main: MainCf,
        master: MasterCf,
        beforeMessage: @escaping @Sendable () async -> Void = {}
    ) {
        self.probe = probe
        self.selfTest = selfTest
        self.door = door
        self.delays = AnswerDelays(main, master)
        self.hostname = main["myhostname"]
        self.beforeMessage = beforeMessage
    }

    private var patience: Duration { door.isScreened ? .seconds(12) : .seconds(5) }

    /// The time limit of each answer after the greeting: a loaded host takes less, a dead helper more.
    private var answerPatience: Duration { .seconds(2) + delays.tarpit + delays.flow }

    private func probed(patience: Duration, answerPatience: Duration? = nil) -> ProbedDoor {
        ProbedDoor(
            SMTPServer(door.address, port: door.port),
            from: selfTest.address,
            isProxied: door.isProxied,
            isImplicitTLS: door.isImplicitTLS,
            patience: patience,
            answerPatience: answerPatience
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

    /// The envelopes that a sender tries. Some relays accept only the senders or greetings that a table lists, or no null
    /// sender. So a refused sender also tries the service's own domains and the node's name.
    private var envelopes: [RelayEnvelope] {
        let domains = [selfTest.domain] + selfTest.domains.filter { $0 != selfTest.domain }
        return [RelayEnvelope()]
            + domains.map { RelayEnvelope(greeting: hostname, sender: "\(Self.postmaster)@\($0)") }
    }

    /// All strangers. Each recipient has a connection of its own: Postfix makes clients wait that are refused more than once.
    ///
    /// - Throws: `RelayPolicyFailure.openRelay`, or `SMTPFailure` where the door does not answer.
    ///
    /// - Parameter envelope: How they introduce themselves.
    func refusesStrangers(by envelope: RelayEnvelope = RelayEnvelope()) async throws {
        var attempts = selfTest.outsiders.flatMap { stranger in
            recipients.map { RelayAttempt(as: .told(stranger), to: [$0], by: envelope) }
        }
        // The barrier at DATA is the same for all, so one stranger is enough.
        attempts += selfTest.outsiders.prefix(1).map {
            RelayAttempt(as: .told($0), to: [Self.postmaster], by: envelope, goesToData: true)
        }
        if door.isProxied, let stranger = selfTest.outsiders.first(where: { $0.family == door.address.family }) {
            attempts += recipients.map { RelayAttempt(as: .proxied(stranger), to: [$0], by: envelope) }
        }
        await beforeMessage()
        try await Patience.severalTimes {
            try await probe.separately(attempts, at: probed(patience: patience + delays.tarpit)) { attempt, answers in
                try judge(answers, to: attempt)
            }
        }
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
    /// - Throws: `RelayPolicyFailure.refusesItsOwn`, `DeafDoor` or `SMTPFailure`; `RelayPolicyFailure.openRelay` where strangers
    ///   are served by the envelope that a sender needs.
    func servesSenders() async throws {
        var needed: Set<RelayEnvelope> = []
        do {
            for sender in selfTest.insiders {
                let envelope = try await Patience.severalTimes {
                    try await serves(.told(sender), called: sender, goesToData: true, at: probed(patience: patience))
                }
                if envelope != RelayEnvelope() { needed.insert(envelope) }
            }
        } catch let failure as SMTPFailure where failure.isHung(at: door) {
            throw DeafDoor(failure)
        }
        for envelope in needed.sorted(by: { $0.sender < $1.sender }) { try await refusesStrangers(by: envelope) }
    }

    /// One sender, in haste.
    ///
    /// - Throws: `RelayPolicyFailure.refusesItsOwn` or `SMTPFailure`.
    func servesOneSender() async throws {
        let (client, sender) = nearestSender
        let probed = probed(patience: patience + delays.tarpit, answerPatience: answerPatience)
        _ = try await serves(client, called: sender, goesToData: false, at: probed)
    }

    /// Tries a sender's envelopes until one is served.
    ///
    /// - Returns: The one that was.
    private func serves(
        _ client: RelayAttempt.Client,
        called sender: IPAddress,
        goesToData: Bool,
        at probed: ProbedDoor
    ) async throws -> RelayEnvelope {
        var first: SMTPReply?
        for envelope in envelopes {
            await beforeMessage()
            let attempt = RelayAttempt(as: client, to: recipients, by: envelope, goesToData: goesToData)
            let answers = try await probe.attempts([attempt], at: probed)[0]
            guard let refusal = refusal(of: answers) else { return envelope }
            first = first ?? refusal
        }
        throw RelayPolicyFailure.refusesItsOwn(sender, door, first ?? Self.noAnswer, played: played)
    }

    private static let noAnswer = SMTPReply(code: 0, lines: [])

    /// The attempts that were refused, in words.
    private var played: String {
        let last = envelopes.last ?? RelayEnvelope()
        let greeting = last.greeting ?? "with an address"
        return "MAIL FROM:<> and MAIL FROM:<\(last.sender)>, EHLO \(greeting), RCPT TO:<\(recipients[1])>"
    }

    private var nearestSender: (client: RelayAttempt.Client, address: IPAddress) {
        if selfTest.servesItself { return (.thisHost, selfTest.address) }
        let sender = selfTest.insiders.last ?? selfTest.address
        return (.told(sender), sender)
    }

    /// The least that shows that the door is as it should be: a sender is served, and a stranger refused.
    ///
    /// - Throws: As the two above.
    func look() async throws {
        guard let stranger = selfTest.outsiders.first else { return }
        let (client, sender) = nearestSender
        let served = RelayAttempt(as: client, to: recipients)
        let refused = RelayAttempt(as: .told(stranger), to: [Self.foreign])
        let probed = probed(patience: patience + delays.tarpit, answerPatience: answerPatience)
        // A host that speaks for itself can become a stranger in the same connection, which saves log lines.
        let answers =
            if selfTest.servesItself {
                try await probe.attempts([served, refused], at: probed)
            } else {
                try await probe.attempts([served], at: probed) + probe.attempts([refused], at: probed)
            }
        try judge(answers[1], to: refused)
        guard refusal(of: answers[0]) != nil else { return }
        _ = try await serves(client, called: sender, goesToData: false, at: probed)
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
