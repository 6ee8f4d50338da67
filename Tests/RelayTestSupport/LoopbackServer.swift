import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix

/// An HTTP server on a port of 127.0.0.1 of its own, for tests of what goes over a real connection.
package struct LoopbackServer: Sendable {
    /// A request that it got.
    package struct Question: Sendable {
        package let method: String
        /// The path; for CONNECT, host and port.
        package let uri: String
        /// In lower case, each with its first value.
        package let headers: [String: String]
        package let body: [UInt8]
    }

    /// The reaction to a request.
    package enum Reaction: Sendable {
        case answer(status: Int, headers: [(String, String)] = [], body: [UInt8] = [])
        /// Never answers.
        case silence
        /// Begins an answer, and never ends it.
        case halfAnswer
        /// Closes the connection without a word.
        case hangUp
    }

    package let port: Int
    private let channel: any Channel

    package var url: String { "http://127.0.0.1:\(port)" }

    /// Serves for as long as the body runs.
    package static func serving<Value>(
        _ react: @escaping @Sendable (Question) -> Reaction,
        _ body: (LoopbackServer) async throws -> Value
    ) async throws -> Value {
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Responder(react))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let server = LoopbackServer(port: channel.localAddress?.port ?? 0, channel: channel)
        do {
            let value = try await body(server)
            try await channel.close()
            return value
        } catch {
            try? await channel.close()
            throw error
        }
    }

    /// Holds a port of 127.0.0.1 where nothing listens for as long as the body runs. A port that was merely free a moment
    /// ago may be the next test's server.
    package static func withRefusingPort<Value>(_ body: (Int) async throws -> Value) async throws -> Value {
        let holder = socket(AF_INET, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard holder >= 0 else { throw IOError(errnoCode: errno, reason: "socket") }
        defer { close(holder) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(holder, $0, length) == 0 ? getsockname(holder, $0, &length) : -1
            }
        }
        guard code == 0 else { throw IOError(errnoCode: errno, reason: "bind") }
        return try await body(Int(address.sin_port.bigEndian))
    }
}

private final class Responder: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let react: @Sendable (LoopbackServer.Question) -> LoopbackServer.Reaction
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []

    init(_ react: @escaping @Sendable (LoopbackServer.Question) -> LoopbackServer.Reaction) {
        self.react = react
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): (self.head, body) = (head, [])
        case .body(let part): body += part.readableBytesView
        case .end:
            guard let head else { return }
            let headers = head.headers.map { ($0.name.lowercased(), $0.value) }
            let question = LoopbackServer.Question(
                method: head.method.rawValue,
                uri: head.uri,
                headers: Dictionary(headers) { first, _ in first },
                body: body
            )
            carryOut(react(question), context)
        }
    }

    private func carryOut(_ reaction: LoopbackServer.Reaction, _ context: ChannelHandlerContext) {
        switch reaction {
        case .silence: break
        case .hangUp: context.close(promise: nil)
        case .halfAnswer:
            send(.head(head(200, [("Content-Length", "1000")])), context)
            send(.body(.byteBuffer(ByteBuffer(string: "half"))), context)
            context.flush()
        case .answer(let status, let headers, let body):
            send(.head(head(status, headers + [("Content-Length", "\(body.count)")])), context)
            send(.body(.byteBuffer(ByteBuffer(bytes: body))), context)
            send(.end(nil), context)
            context.flush()
        }
    }

    private func head(_ status: Int, _ headers: [(String, String)]) -> HTTPResponseHead {
        HTTPResponseHead(version: .http1_1, status: .init(statusCode: status), headers: HTTPHeaders(headers))
    }

    private func send(_ part: HTTPServerResponsePart, _ context: ChannelHandlerContext) {
        context.write(wrapOutboundOut(part), promise: nil)
    }
}
