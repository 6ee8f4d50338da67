import NIOCore
import NIOPosix
import Synchronization
package import Vocabulary

/// A conversation with an SMTP server, one command at a time: Postfix 3.9 and later cut off a client that speaks
/// before it was answered.
package struct SMTPSession {
    let server: SMTPServer
    private var replies: ReplyReader
    private let writer: NIOAsyncChannelOutboundWriter<ByteBuffer>
    /// The extensions that the server offers: the lines of its answer to EHLO, without the first.
    package private(set) var offers: [String] = []
    var end: End = .quit

    /// The end of the conversation.
    enum End {
        case quit
        /// The end by QUIT, whose answer is not waited for.
        case quitUnanswered
        /// The end in the middle of a message, where nothing more can be said.
        case abrupt
    }

    /// Connects, reads the greeting, says EHLO, runs the body, and says QUIT.
    ///
    /// - Parameters:
    ///   - header: The PROXY protocol's header, which the server gets first.
    ///   - source: The address of this host's to connect from; `nil` for the system's choice.
    ///   - timeout: For all of it.
    ///   - answerTimeout: For each answer after the greeting; `nil` where only the whole counts.
    ///   - encryption: Has it all said by TLS, as far as the protocol allows; without it, in the clear.
    ///   - body: The conversation between EHLO and QUIT.
    /// - Throws: `SMTPFailure`.
    package static func withSession<Result: Sendable>(
        to server: SMTPServer,
        greeting name: String,
        header: ProxyHeader? = nil,
        from source: IPAddress? = nil,
        timeout: Duration,
        answerTimeout: Duration? = nil,
        encryption: SMTPEncryption? = nil,
        _ body: @Sendable @escaping (inout SMTPSession) async throws -> Result
    ) async throws -> Result {
        let progress = Progress()
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask {
                try await converse(
                    with: server,
                    progress,
                    greeting: name,
                    header: header,
                    from: source,
                    timeout: timeout,
                    encryption: encryption,
                    body
                )
            }
            group.addTask {
                try await progress.sleepUntilLate(timeout, answerTimeout)
                return nil
            }
            defer { group.cancelAll() }
            guard let first = try await group.next(), let result = first else {
                throw SMTPFailure(server: server, reason: .timedOut(after: progress.step.command))
            }
            return result
        }
    }

    private static func converse<Result: Sendable>(
        with server: SMTPServer,
        _ progress: Progress,
        greeting name: String,
        header: ProxyHeader?,
        from source: IPAddress?,
        timeout: Duration,
        encryption: SMTPEncryption?,
        _ body: @Sendable (inout SMTPSession) async throws -> Result
    ) async throws -> Result {
        let channel: NIOAsyncChannel<ByteBuffer, ByteBuffer>
        let meter = ClearTextMeter()
        do {
            var bootstrap = ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                .connectTimeout(TimeAmount(timeout))
            if let source { bootstrap = bootstrap.bind(to: try SocketAddress(ipAddress: "\(source)", port: 0)) }
            // The PROXY protocol's header comes before all else, TLS included.
            let first = header.map { ByteBuffer(string: $0.text) }
            channel = try await bootstrap.connect(host: server.address.description, port: Int(server.port)) { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let first { try channel.pipeline.syncOperations.addHandler(FirstBytes(first)) }
                    if let encryption, encryption.isImplicit {
                        try channel.pipeline.syncOperations.addHandler(encryption.handler())
                    }
                    try channel.pipeline.syncOperations.addHandler(meter)
                    return try NIOAsyncChannel(wrappingChannelSynchronously: channel)
                }
            }
        } catch {
            let reason = SMTPEncryption.reason(of: error).map(SMTPFailure.Reason.notEncrypted)
            throw SMTPFailure(server: server, reason: reason ?? .notConnected("\(error)"))
        }
        return try await channel.executeThenClose { inbound, outbound in
            let replies = ReplyReader(server: server, progress, inbound: inbound.makeAsyncIterator())
            var session = SMTPSession(server: server, replies: replies, writer: outbound)
            let greeting = try await session.replies.next(after: Progress.connection)
            guard greeting.code == 220 else {
                throw SMTPFailure(server: server, reason: .refused(command: Progress.connection, reply: greeting))
            }
            try await session.greet(as: name)
            if let encryption, !encryption.isImplicit {
                try await session.startTLS(encryption, on: channel.channel, meter)
                // An offer in clear text may be forged (RFC 3207, section 4.2).
                try await session.greet(as: name)
            }
            let result = try await body(&session)
            switch session.end {
            case .quit: _ = try? await session.send("QUIT")
            case .quitUnanswered: try? await session.write("QUIT\r\n", as: "QUIT")
            case .abrupt: break
            }
            return result
        }
    }

    private mutating func greet(as name: String) async throws {
        offers = Array(try await sendChecked("EHLO \(name)").lines.dropFirst())
    }

    private mutating func startTLS(
        _ encryption: SMTPEncryption,
        on channel: any Channel,
        _ meter: ClearTextMeter
    ) async throws {
        func notEncrypted(_ why: String) -> SMTPFailure { SMTPFailure(server: server, reason: .notEncrypted(why)) }
        guard offers.contains(where: { $0.uppercased() == "STARTTLS" }) else {
            throw notEncrypted("the server does not offer it")
        }
        let reply = try await send("STARTTLS")
        guard reply.isPositive else { throw notEncrypted("it answered STARTTLS with '\(reply)'") }
        let begins: Bool
        do {
            // Bytes that were put in between would count as protected by TLS.
            begins = try await encryption.begin(on: channel, where: { [taken = replies.taken] in meter.bytes == taken })
        } catch {
            throw notEncrypted(SMTPEncryption.reason(of: error) ?? "\(error)")
        }
        guard begins else { throw notEncrypted("there is more behind the server's answer to STARTTLS") }
    }

    /// Sends a command and waits for its answer.
    ///
    /// - Parameter name: The words for it in errors, where it must not be shown.
    package mutating func send(_ command: String, shownAs name: String? = nil) async throws -> SMTPReply {
        let name = name ?? command
        do {
            try await write(command + "\r\n", as: name)
        } catch is SMTPFailure {
            // The other direction reports why the connection failed.
        }
        return try await replies.next(after: name)
    }

    /// - Parameter what: The text that is written, in words.
    private func write(_ text: String, as what: String) async throws {
        do {
            try await writer.write(ByteBuffer(string: text))
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            throw SMTPFailure(server: server, reason: .silent(after: what))
        }
    }

    /// Sends a command that must be answered with 2xx.
    @discardableResult
    package mutating func sendChecked(_ command: String) async throws -> SMTPReply {
        let reply = try await send(command)
        guard reply.isPositive else {
            throw SMTPFailure(server: server, reason: .refused(command: command, reply: reply))
        }
        return reply
    }
}

/// The progress of a session, for the time-out that ends it.
private final class Progress: Sendable {
    static let connection = "the connection"
    /// The command that the server has to answer now, and its time.
    private let current = Mutex((command: connection, since: ContinuousClock.now))

    var step: (command: String, since: ContinuousClock.Instant) { current.withLock { $0 } }

    func wait(for command: String) { current.withLock { $0 = (command, ContinuousClock.now) } }

    /// - Parameters:
    ///   - whole: The time that the conversation may take.
    ///   - answer: The time that each answer after the greeting may take.
    func sleepUntilLate(_ whole: Duration, _ answer: Duration?) async throws {
        // It counts from when it runs itself: on a starved host the conversation begins no earlier.
        let end = ContinuousClock.now + whole
        var seen = step.since
        var deadline = end
        while true {
            let (step, now) = (step, ContinuousClock.now)
            if step.since != seen, step.command != Self.connection {
                seen = step.since
                deadline = min(end, now + (answer ?? whole))
            }
            if now >= deadline { return }
            try await Task.sleep(for: min(deadline - now, answer == nil ? whole : Self.glance))
        }
    }

    /// The time after which a new step is noticed.
    private static let glance: Duration = .milliseconds(500)
}

/// Splits the input into lines, and lines into replies.
private struct ReplyReader {
    /// RFC 5321 allows 512 bytes a line; more than this without a line end is not SMTP.
    private static let lineLimit = 4096
    let server: SMTPServer
    private let progress: Progress
    var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private var buffer = ByteBuffer()

    init(
        server: SMTPServer,
        _ progress: Progress,
        inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    ) {
        self.server = server
        self.progress = progress
        self.inbound = inbound
    }

    /// The bytes of all lines that were taken so far.
    private(set) var taken = 0

    mutating func next(after command: String) async throws -> SMTPReply {
        progress.wait(for: command)
        var parser = SMTPReplyParser()
        while true {
            while let line = nextLine() {
                do {
                    if let reply = try parser.take(line) { return reply }
                } catch {
                    throw SMTPFailure(server: server, reason: .notSMTP(line: error.line))
                }
            }
            guard buffer.readableBytes <= Self.lineLimit else {
                throw SMTPFailure(server: server, reason: .notSMTP(line: String(buffer: buffer)))
            }
            guard let more = try await receive() else {
                throw SMTPFailure(server: server, reason: .silent(after: command))
            }
            buffer.writeImmutableBuffer(more)
        }
    }

    private mutating func receive() async throws -> ByteBuffer? {
        do {
            return try await inbound.next(isolation: #isolation)
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            guard let reason = SMTPEncryption.reason(of: error) else { return nil }
            throw SMTPFailure(server: server, reason: .notEncrypted(reason))
        }
    }

    private mutating func nextLine() -> String? {
        guard let end = buffer.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        let length = end - buffer.readerIndex
        guard let line = buffer.readString(length: length) else { return nil }
        buffer.moveReaderIndex(forwardBy: 1)
        taken += length + 1
        return line.hasSuffix("\r") ? String(line.dropLast()) : line
    }
}
