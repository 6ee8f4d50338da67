import NIOCore

/// Carries a session over a connection.
final class MilterConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Asks for the end: at once between messages, else after the message under way.
    struct EndAfterMessage: Sendable {}

    private var decoder = MilterDecoder()
    private var session: MilterSession
    private let observe: @Sendable (MilterOutcome) -> Void
    private var isEnding = false

    init(_ settings: MilterSettings) {
        self.session = MilterSession(settings)
        self.observe = settings.observe
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard context.channel.isActive, !session.isFinished else { return }
        decoder.append(unwrapInboundIn(data))
        var output = context.channel.allocator.buffer(capacity: 0)
        do throws(MilterFailure) {
            while !session.isFinished, !shouldClose, let command = try decoder.next() {
                for reply in try session.receive(command) { reply.write(to: &output) }
            }
        } catch {
            observe(.protocolViolated(error))
            context.close(promise: nil)
            return
        }
        if output.readableBytes > 0 { context.writeAndFlush(wrapOutboundOut(output), promise: nil) }
        if session.isFinished || shouldClose { context.close(promise: nil) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is EndAfterMessage:
            isEnding = true
            if shouldClose { context.close(promise: nil) }
        case is IdleStateHandler.IdleStateEvent: context.close(promise: nil)
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private var shouldClose: Bool { isEnding && !session.isInMessage }
}
