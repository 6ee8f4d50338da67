import NIOCore
import NIOPosix
import Synchronization

/// Listens for mail servers, and signs the messages that they pass through.
package final class MilterServer: Sendable {
    private let listener: any Channel
    private let connections: ConnectionList

    /// The port that it listens on.
    package var port: Int { listener.localAddress?.port ?? 0 }

    /// - Parameters:
    ///   - host: The address to listen on, such as `127.0.0.1`.
    ///   - port: The port; 0 for any that is free.
    ///   - settings: Keys and policy.
    ///   - idleLimit: A connection on which nothing happens for so long is closed. Postfix keeps one for as long as its
    ///     SMTP session.
    /// - Throws: The system's error, if the port cannot be listened on.
    package static func start(
        host: String,
        port: Int,
        _ settings: MilterSettings,
        idleLimit: Duration = .seconds(3600)
    ) async throws -> MilterServer {
        let connections = ConnectionList()
        let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.backlog, value: 512)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers([
                        IdleStateHandler(allTimeout: TimeAmount(idleLimit)), MilterConnection(settings),
                    ])
                    try connections.add(channel)
                }
            }
            .bind(host: host, port: port).get()
        return MilterServer(listener: listener, connections: connections)
    }

    private init(listener: any Channel, connections: ConnectionList) {
        self.listener = listener
        self.connections = connections
    }

    /// Stops: takes no further connection, closes those without a message at once, and the others after their message.
    ///
    /// - Parameter patience: The time after which messages under way are cut off; Postfix then puts them off.
    package func stop(within patience: Duration) async {
        try? await listener.close()
        let open = connections.close()
        let deadline = listener.eventLoop.scheduleTask(in: TimeAmount(patience)) {
            for channel in open { channel.close(promise: nil) }
        }
        for channel in open {
            channel.pipeline.fireUserInboundEventTriggered(MilterConnection.EndAfterMessage())
        }
        for channel in open { try? await channel.closeFuture.get() }
        deadline.cancel()
    }
}

/// The open connections of a server.
private final class ConnectionList: Sendable {
    private struct Content {
        var channels: [ObjectIdentifier: any Channel] = [:]
        var isClosed = false
    }

    private let content = Mutex(Content())

    /// - Throws: `ChannelError`, once the list was closed.
    func add(_ channel: any Channel) throws {
        let identifier = ObjectIdentifier(channel)
        let isClosed = content.withLock { content in
            if !content.isClosed { content.channels[identifier] = channel }
            return content.isClosed
        }
        if isClosed { throw ChannelError.alreadyClosed }
        channel.closeFuture.whenComplete { [weak self] _ in
            self?.content.withLock { _ = $0.channels.removeValue(forKey: identifier) }
        }
    }

    /// Lets no further connection in, and says which are open.
    func close() -> [any Channel] {
        content.withLock {
            $0.isClosed = true
            return Array($0.channels.values)
        }
    }
}
