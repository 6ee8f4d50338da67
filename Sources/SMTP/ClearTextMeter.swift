import NIOCore
import Synchronization

/// Counts the bytes that come in by a connection, on the connection's event loop.
///
/// Bytes that NIO has read already are in no buffer of the session, and would count as protected once TLS has begun.
final class ClearTextMeter: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let count = Mutex(0)

    var bytes: Int { count.withLock { $0 } }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let length = unwrapInboundIn(data).readableBytes
        count.withLock { $0 += length }
        context.fireChannelRead(data)
    }
}
