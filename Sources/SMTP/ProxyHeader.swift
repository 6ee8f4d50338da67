import NIOCore
package import Vocabulary

/// A header of the PROXY protocol, version 1 (haproxy's proxy-protocol.txt, section 2.1), which tells a server whose
/// connection it is. Every Postfix that knows the protocol reads this version.
package struct ProxyHeader: Sendable {
    let text: String

    /// - Parameters:
    ///   - client: The client of the connection.
    ///   - server: Of the same family as the client, or the header says nothing.
    package init(_ client: IPAddress, to server: SMTPServer) {
        let family = client.family == .ipv4 ? "TCP4" : "TCP6"
        guard client.family == server.address.family else {
            self.text = "PROXY UNKNOWN\r\n"
            return
        }
        // Any port that a client may have: it is written to the log, and counts for nothing else.
        self.text = "PROXY \(family) \(client) \(server.address) \(UInt16.max) \(server.port)\r\n"
    }
}

/// Sends bytes as soon as there is a connection, before anything else.
final class FirstBytes: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let bytes: ByteBuffer

    init(_ bytes: ByteBuffer) {
        self.bytes = bytes
    }

    func channelActive(context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
        context.fireChannelActive()
    }
}
