import NIOCore
import NIOPosix
import Vocabulary

/// A conversation with an SMTP server, one command at a time: Postfix 3.9 and later cut off a client that speaks
/// before it was answered.
package struct SMTPSession {
    private let server: SMTPServer
    private var replies: ReplyReader
    private let writer: NIOAsyncChannelOutboundWriter<ByteBuffer>

    /// Connects, reads the greeting, says EHLO, runs the body, and says QUIT.
    ///
    /// - Parameters:
    ///   - isProxied: Whether the server expects a header of the PROXY protocol first.
    ///   - timeout: For all of it.
    ///   - body: What to say between EHLO and QUIT.
    /// - Throws: `SMTPFailure`.
    package static func withSession<Result: Sendable>(
        to server: SMTPServer,
        greeting name: String,
        isProxied: Bool = false,
        timeout: Duration,
        _ body: @Sendable @escaping (inout SMTPSession) async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask {
                try await converse(with: server, greeting: name, isProxied: isProxied, timeout: timeout, body)
            }
            group.addTask {
                try await Task.sleep(for: timeout)
                return nil
            }
            defer { group.cancelAll() }
            guard let first = try await group.next(), let result = first else {
                throw SMTPFailure(server: server, reason: .silent(after: "the conversation within \(timeout)"))
            }
            return result
        }
    }

    private static func converse<Result: Sendable>(
        with server: SMTPServer,
        greeting name: String,
        isProxied: Bool,
        timeout: Duration,
        _ body: @Sendable (inout SMTPSession) async throws -> Result
    ) async throws -> Result {
        let channel: NIOAsyncChannel<ByteBuffer, ByteBuffer>
        do {
            channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                .connectTimeout(TimeAmount(timeout))
                .connect(host: server.address.description, port: Int(server.port)) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try NIOAsyncChannel(wrappingChannelSynchronously: channel)
                    }
                }
        } catch {
            throw SMTPFailure(server: server, reason: .notConnected("\(error)"))
        }
        return try await channel.executeThenClose { inbound, outbound in
            let replies = ReplyReader(server: server, inbound: inbound.makeAsyncIterator())
            var session = SMTPSession(server: server, replies: replies, writer: outbound)
            if isProxied { try await session.write(ProxyHeader.ofThisHost(to: server), as: "the connection") }
            let greeting = try await session.replies.next(after: "the connection")
            guard greeting.code == 220 else {
                throw SMTPFailure(server: server, reason: .refused(command: "the connection", reply: greeting))
            }
            try await session.sendChecked("EHLO \(name)")
            let result = try await body(&session)
            _ = try? await session.send("QUIT")
            return result
        }
    }

    /// Sends a command and waits for its answer.
    package mutating func send(_ command: String) async throws -> SMTPReply {
        try await write(command + "\r\n", as: command)
        return try await replies.next(after: command)
    }

    /// - Parameter what: What is written, in words.
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

/// Cuts what comes in into lines, and lines into replies.
private struct ReplyReader {
    /// RFC 5321 allows 512 bytes a line; more than this without a line end is not SMTP.
    private static let lineLimit = 4096
    let server: SMTPServer
    var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private var buffer = ByteBuffer()

    init(server: SMTPServer, inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator) {
        self.server = server
        self.inbound = inbound
    }

    mutating func next(after command: String) async throws -> SMTPReply {
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
            return nil
        }
    }

    private mutating func nextLine() -> String? {
        guard let end = buffer.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        let length = end - buffer.readerIndex
        guard let line = buffer.readString(length: length) else { return nil }
        buffer.moveReaderIndex(forwardBy: 1)
        return line.hasSuffix("\r") ? String(line.dropLast()) : line
    }
}
