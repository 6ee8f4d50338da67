import NIOCore

/// A mail server's connection as a state machine: commands in, answers out. It does no I/O.
package struct MilterSession {
    private enum Phase {
        case beforeNegotiation
        case open
        case finished
    }

    private struct Message {
        let envelope: MilterEnvelope
        var signer: MessageSigner
        var head = MessageHead()
    }

    private let settings: MilterSettings
    private var phase = Phase.beforeNegotiation
    /// The message that has begun.
    private var message: Message?
    private var options: MilterOptions = []
    private var client: MilterClient?
    private var hello = ""
    private var macros: [UInt8: [String: String]] = [:]

    package init(_ settings: MilterSettings) { self.settings = settings }

    /// Whether a message has begun and its end was not answered yet.
    package var isInMessage: Bool { message != nil }

    /// Whether the mail server is done with the connection.
    package var isFinished: Bool { phase == .finished }

    /// - Throws: `MilterFailure`; the connection has to be closed then.
    package mutating func receive(_ command: MilterCommand) throws(MilterFailure) -> [MilterReply] {
        switch (phase, command) {
        case (.finished, _): throw .outOfOrder(command: command.code)
        case (_, .quit):
            phase = .finished
            return []
        case (.beforeNegotiation, .negotiate(let offer)):
            let choice = try offer.answer()
            options = choice.options
            phase = .open
            return [.negotiated(choice)]
        case (.beforeNegotiation, _), (.open, .negotiate): throw .outOfOrder(command: command.code)
        case (.open, _): return try receiveWhenOpen(command)
        }
    }

    private mutating func receiveWhenOpen(_ command: MilterCommand) throws(MilterFailure) -> [MilterReply] {
        switch command {
        case .macros(let command, let values):
            if [MilterCommand.connectCode, MilterCommand.mailCode].contains(command) { macros[command] = values }
            return []
        case .connect(let client):
            endMessage()
            (self.client, hello) = (client, "")
            return answers(unless: .noReplyToConnect)
        case .mail(let sender): return begin(sender)
        case .abort:
            endMessage()
            return []
        case .quitWithoutClosing:
            endMessage()
            (client, hello, macros) = (nil, "", [:])
            return []
        case .hello(let name):
            hello = name
            return answers(unless: .noReplyToHello)
        // An old mail server sends these although they are not asked for.
        case .recipient, .data, .unknown: return [.proceed]
        case .header, .endOfHeaders, .body, .endOfBody: return try receiveInMessage(command)
        case .negotiate, .quit: throw .outOfOrder(command: command.code)
        }
    }

    private mutating func begin(_ sender: String) -> [MilterReply] {
        let known = macros[MilterCommand.connectCode, default: [:]]
            .merging(macros[MilterCommand.mailCode, default: [:]]) { _, later in later }
        let envelope = MilterEnvelope(client: client, hello: hello, sender: sender, macros: known)
        endMessage()
        switch settings.policy.verdict(on: envelope) {
        case .sign:
            let signer = MessageSigner(headers: settings.headers(), lifetime: settings.lifetime)
            message = Message(envelope: envelope, signer: signer)
            return [.proceed]
        case .leaveUnsigned:
            settings.observe(.leftUnsigned)
            return [.accept]
        case .refuse(let refusal): return refuse(refusal)
        }
    }

    /// Changes the message in place: a copy of it would cost time at each piece.
    private mutating func receiveInMessage(_ command: MilterCommand) throws(MilterFailure) -> [MilterReply] {
        guard message != nil else { throw .outOfOrder(command: command.code) }
        switch command {
        case .header(let field):
            message?.signer.add(field)
            message?.head.add(field)
            return answers(unless: .noReplyToHeader)
        case .body(let piece):
            piece.withUnsafeReadableBytes { message?.signer.addBody($0) }
            return answers(unless: .noReplyToBody)
        case .endOfBody(let piece):
            piece.withUnsafeReadableBytes { message?.signer.addBody($0) }
            guard let ended = message.take() else { return [] }
            return end(ended)
        default: return answers(unless: .noEndOfHeaders)
        }
    }

    private mutating func end(_ message: Message) -> [MilterReply] {
        endMessage()
        var signer = message.signer
        switch settings.policy.verdict(on: message.envelope, head: message.head) {
        case .leaveUnsigned:
            settings.observe(.leftUnsigned)
            return [.accept]
        case .refuse(let refusal): return refuse(refusal)
        case .sign: break
        }
        let keys = settings.keys().keys(for: message.head.authors.mailboxes)
        guard !keys.isEmpty else {
            settings.observe(.noKey(message.head.authors))
            return [.accept]
        }
        do {
            let signatures = try signer.sign(with: keys, at: settings.time())
            settings.observe(signatures.isEmpty ? .leftUnsigned : .signed(keys.map(\.domain)))
            return signatures.reversed().map { .insertHeader($0) } + [.accept]
        } catch .headersTooLarge {
            settings.observe(.notSigned(.headersTooLarge))
            return [.refuse(.permanent("3.4", "Message headers are too large to be signed"))]
        } catch {
            settings.observe(.notSigned(error))
            return [.temporaryFailure]
        }
    }

    private func refuse(_ refusal: MilterRefusal) -> [MilterReply] {
        settings.observe(.refused(refusal))
        return [.refuse(refusal)]
    }

    private mutating func endMessage() {
        macros[MilterCommand.mailCode] = nil
        message = nil
    }

    private func answers(unless option: MilterOptions) -> [MilterReply] {
        options.contains(option) ? [] : [.proceed]
    }
}
