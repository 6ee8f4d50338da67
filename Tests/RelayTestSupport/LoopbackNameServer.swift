import NIOCore
import NIOPosix

/// A name server on a port of 127.0.0.1 of its own, over UDP and TCP.
package enum LoopbackNameServer {
    /// Serves for as long as the body runs.
    ///
    /// - Parameters:
    ///   - datagram: The answer to a query over UDP.
    ///   - stream: The same over TCP; `nil` closes the connection.
    ///   - body: Is given the port.
    package static func serving<Value>(
        datagram: @escaping @Sendable ([UInt8]) -> [UInt8],
        stream: @escaping @Sendable ([UInt8]) -> [UInt8]?,
        _ body: (UInt16) async throws -> Value
    ) async throws -> Value {
        let group = MultiThreadedEventLoopGroup.singleton
        let listener = try await ServerBootstrap(group: group)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(StreamAnswer(answer: stream))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let port = listener.localAddress?.port ?? 0
        let datagrams = try await DatagramBootstrap(group: group)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(DatagramAnswer(answer: datagram))
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
        do {
            let value = try await body(UInt16(port))
            try await datagrams.close()
            try await listener.close()
            return value
        } catch {
            try? await datagrams.close()
            try? await listener.close()
            throw error
        }
    }
}

private final class DatagramAnswer: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>
    typealias OutboundOut = AddressedEnvelope<ByteBuffer>

    private let answer: @Sendable ([UInt8]) -> [UInt8]

    init(answer: @escaping @Sendable ([UInt8]) -> [UInt8]) { self.answer = answer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let envelope = unwrapInboundIn(data)
        let reply = ByteBuffer(bytes: answer(Array(envelope.data.readableBytesView)))
        let answer = AddressedEnvelope(remoteAddress: envelope.remoteAddress, data: reply)
        context.writeAndFlush(wrapOutboundOut(answer), promise: nil)
    }
}

/// The query comes in one piece, as it is short.
private final class StreamAnswer: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let answer: @Sendable ([UInt8]) -> [UInt8]?

    init(answer: @escaping @Sendable ([UInt8]) -> [UInt8]?) { self.answer = answer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = Array(unwrapInboundIn(data).readableBytesView)
        guard let reply = answer(Array(bytes.dropFirst(2))) else {
            context.close(promise: nil)
            return
        }
        // In two pieces, as a long answer comes.
        let message = [UInt8(reply.count >> 8), UInt8(reply.count & 0xFF)] + reply
        let half = message.count / 2
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: message[..<half])), promise: nil)
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: message[half...])), promise: nil)
    }
}
