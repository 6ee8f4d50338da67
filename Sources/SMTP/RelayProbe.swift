package import Vocabulary

/// A door of the relay's, as a probe reaches it.
package struct ProbedDoor: Sendable, Hashable {
    package let server: SMTPServer
    /// The node's own address, which may use XCLIENT (smtpd_authorized_xclient_hosts).
    package let source: IPAddress
    /// Whether it expects a header of the PROXY protocol.
    package let isProxied: Bool
    /// Whether TLS begins with the first byte.
    package let isImplicitTLS: Bool
    /// The time that a conversation may take.
    package let patience: Duration
    /// The time that each answer after the greeting may take; `nil` where only the whole counts.
    package let answerPatience: Duration?

    package init(
        _ server: SMTPServer,
        from source: IPAddress,
        isProxied: Bool = false,
        isImplicitTLS: Bool = false,
        patience: Duration = .seconds(5),
        answerPatience: Duration? = nil
    ) {
        self.server = server
        self.source = source
        self.isProxied = isProxied
        self.isImplicitTLS = isImplicitTLS
        self.patience = patience
        self.answerPatience = answerPatience
    }
}

/// The names with which a client introduces itself and its message.
package struct RelayEnvelope: Sendable, Hashable {
    /// The name in its greeting; `nil` for its address as a literal (RFC 5321, section 4.1.3).
    package let greeting: String?
    /// The sender without brackets; the null sender is empty.
    package let sender: String

    package init(greeting: String? = nil, sender: String = "") {
        self.greeting = greeting
        self.sender = sender
    }
}

/// The request of one client to a door.
package struct RelayAttempt: Sendable, Equatable {
    package enum Client: Sendable, Equatable {
        /// This host itself.
        case thisHost
        /// Another client, whose address XCLIENT names.
        case told(IPAddress)
        /// Another client, whose address the PROXY protocol names.
        case proxied(IPAddress)

        /// The client's address, where it is not this host's.
        package var address: IPAddress? {
            switch self {
            case .thisHost: nil
            case .told(let address), .proxied(let address): address
            }
        }
    }

    package let client: Client
    package let envelope: RelayEnvelope
    /// The recipients without brackets.
    package let recipients: [String]
    /// Whether to ask for DATA, too, where a recipient is accepted; the message is broken off before its first byte.
    package let goesToData: Bool

    package init(
        as client: Client,
        to recipients: [String],
        by envelope: RelayEnvelope = RelayEnvelope(),
        goesToData: Bool = false
    ) {
        self.client = client
        self.envelope = envelope
        self.recipients = recipients
        self.goesToData = goesToData
    }
}

/// The answers of a door to an attempt.
package struct RelayAnswers: Sendable, Equatable {
    /// The answers to RCPT TO, in their order; fewer where the client was refused before, or cut off.
    package var recipients: [SMTPReply] = []
    /// The answer that refused the client before it could name a recipient.
    package var refusal: SMTPReply?
    /// The answer to DATA, where that was asked for and a recipient was accepted.
    package var data: SMTPReply?

    package init(recipients: [SMTPReply] = [], refusal: SMTPReply? = nil, data: SMTPReply? = nil) {
        self.recipients = recipients
        self.refusal = refusal
        self.data = data
    }
}

/// Looks at the relay as its clients see it.
package protocol RelayProbing: Sendable {
    /// The answers of a door to clients that want a message relayed. No message is ever sent.
    ///
    /// - Parameter attempts: One after another in one connection. A client address can be changed only once, and DATA ends a
    ///   session, so only the last attempt may do either.
    /// - Throws: `SMTPFailure` where the door does not answer, or does not let this host speak for others.
    func attempts(_ attempts: [RelayAttempt], at door: ProbedDoor) async throws -> [RelayAnswers]

    /// The same with a connection for each attempt. A door that takes its time with one (postconf(5),
    /// smtpd_error_sleep_time) does not hold up the others.
    ///
    /// - Parameter check: Is called with the answers to each attempt as they come. An error of its ends all.
    func separately(
        _ attempts: [RelayAttempt],
        at door: ProbedDoor,
        check: (RelayAttempt, RelayAnswers) throws -> Void
    ) async throws
}

extension RelayProbing {
    package func separately(
        _ attempts: [RelayAttempt],
        at door: ProbedDoor,
        check: (RelayAttempt, RelayAnswers) throws -> Void
    ) async throws {
        for attempt in attempts { try check(attempt, try await self.attempts([attempt], at: door)[0]) }
    }
}

/// Probes the Postfix on this host.
///
/// The envelope of an attempt that names none is one that ordinary restrictions let pass: a null sender, address literals as
/// greetings, and clients with names. So what is refused is refused for the client's address.
package struct RelayProbe: RelayProbing {
    package init() {}

    package func attempts(_ attempts: [RelayAttempt], at door: ProbedDoor) async throws -> [RelayAnswers] {
        let implicit = door.isImplicitTLS ? SMTPEncryption(ofThisHostImplicitly: true) : nil
        let answers = try await converse(attempts, at: door, encryption: implicit)
        // smtpd_tls_security_level = encrypt: nothing is said in the clear.
        guard implicit == nil, answers.contains(where: { $0.refusal?.code == 530 }) else { return answers }
        return try await converse(attempts, at: door, encryption: SMTPEncryption(ofThisHostImplicitly: false))
    }

    package func separately(
        _ attempts: [RelayAttempt],
        at door: ProbedDoor,
        check: (RelayAttempt, RelayAnswers) throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: (RelayAttempt, RelayAnswers)?.self) { group in
            defer { group.cancelAll() }
            var open = attempts.count
            func take(_ answered: (RelayAttempt, RelayAnswers)?) throws {
                guard let (attempt, answers) = answered else { return }
                try check(attempt, answers)
                open -= 1
            }
            for attempt in attempts {
                group.addTask { (attempt, try await self.attempts([attempt], at: door)[0]) }
                group.addTask {
                    try await Task.sleep(for: Self.courtesy)
                    return nil
                }
                // The attempts run one after another, as long as the door is quick: each takes a process that a sender
                // may need.
                try take(await group.next() ?? nil)
            }
            while open > 0 { try take(await group.next() ?? nil) }
        }
    }

    /// The time for which an attempt has the door for itself.
    private static let courtesy: Duration = .milliseconds(30)

    private func converse(
        _ attempts: [RelayAttempt],
        at door: ProbedDoor,
        encryption: SMTPEncryption?
    ) async throws -> [RelayAnswers] {
        guard case .proxied(let client) = attempts.first?.client else {
            return try await converse(attempts, at: door, as: door.source, encryption: encryption)
        }
        do {
            return try await converse(attempts, at: door, as: client, encryption: encryption)
        } catch let failure as SMTPFailure {
            // It may be refused as soon as it is seen (smtpd_delay_reject = no).
            guard case .refused(_, let reply) = failure.reason else { throw failure }
            return [RelayAnswers(refusal: reply)]
        }
    }

    private func converse(
        _ attempts: [RelayAttempt],
        at door: ProbedDoor,
        as peer: IPAddress,
        encryption: SMTPEncryption?
    ) async throws -> [RelayAnswers] {
        try await SMTPSession.withSession(
            to: door.server,
            greeting: attempts.first?.envelope.greeting ?? peer.literal,
            header: door.isProxied ? ProxyHeader(peer, to: door.server) : nil,
            from: door.source,
            timeout: door.patience,
            answerTimeout: door.answerPatience,
            encryption: encryption
        ) { session in
            var answers: [RelayAnswers] = []
            for attempt in attempts {
                if !answers.isEmpty { try await session.sendChecked("RSET") }
                answers.append(try await session.make(attempt))
            }
            return answers
        }
    }
}

extension SMTPSession {
    fileprivate mutating func make(_ attempt: RelayAttempt) async throws -> RelayAnswers {
        if case .told(let client) = attempt.client, let refusal = try await speak(for: client, attempt.envelope) {
            return RelayAnswers(refusal: refusal)
        }
        let sender = try await send("MAIL FROM:<\(attempt.envelope.sender)>")
        guard sender.isPositive else { return RelayAnswers(refusal: sender) }
        var answers = RelayAnswers()
        for recipient in attempt.recipients {
            do {
                answers.recipients.append(try await send("RCPT TO:<\(recipient)>"))
            } catch let failure as SMTPFailure {
                // Postfix hangs up on clients that are refused too often.
                guard case .silent = failure.reason, !answers.recipients.isEmpty else { throw failure }
                end = .abrupt
                return answers
            }
        }
        // Postfix may delay every later answer to a client that it has refused.
        if answers.recipients.contains(where: { !$0.isPositive }) { end = .quitUnanswered }
        guard attempt.goesToData, answers.recipients.contains(where: \.isPositive) else { return answers }
        let data = try await send("DATA")
        // A message has begun, and breaking it off is the only way not to send it.
        if data.code == 354 { end = .abrupt }
        answers.data = data
        return answers
    }

    /// Makes the server take this host for another client from now on (Postfix, XCLIENT_README).
    ///
    /// - Returns: The answer that refuses that client; `nil` where it may go on.
    /// - Throws: `SMTPFailure` where this host may not speak for others.
    private mutating func speak(for client: IPAddress, _ envelope: RelayEnvelope) async throws -> SMTPReply? {
        let command = "XCLIENT ADDR=\(client.xclientForm) NAME=\(Self.clientName)"
        // A client without a name is refused by ordinary restrictions.
        let hasReverse = offers.contains { $0.hasPrefix("XCLIENT ") && $0.contains(" REVERSE_NAME") }
        let reply = try await send(hasReverse ? "\(command) REVERSE_NAME=\(Self.clientName)" : command)
        guard reply.isPositive else {
            if ![500, 501, 502, 503, 550].contains(reply.code) { return reply }
            throw SMTPFailure(server: server, reason: .refused(command: "XCLIENT", reply: reply))
        }
        // XCLIENT begins the session anew.
        let greeting = try await send("EHLO \(envelope.greeting ?? client.literal)")
        return greeting.isPositive ? nil : greeting
    }

    private static var clientName: String { "self-test.smtp-relay-agent.internal" }
}

extension IPAddress {
    /// The form that XCLIENT wants: IPv6 addresses with a prefix (Postfix, XCLIENT_README).
    fileprivate var xclientForm: String { family == .ipv4 ? description : "IPV6:\(description)" }

    /// The form of a greeting: an address literal (RFC 5321, section 4.1.3).
    fileprivate var literal: String { family == .ipv4 ? "[\(self)]" : "[IPv6:\(self)]" }
}
