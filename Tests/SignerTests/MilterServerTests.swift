import NIOCore
import NIOPosix
import Testing

@testable import Signer

/// Conversations over a real connection.
struct MilterServerTests {
    private typealias Packets = MilterPackets
    private let outcomes = Outcomes()

    private func serving(
        idleLimit: Duration = .seconds(60),
        _ body: (MilterServer) async throws -> Void
    ) async throws {
        let table = KeyTable([try TestKeys.rsa(), try TestKeys.ed25519()])
        let settings = MilterSettings(
            keys: { table },
            time: { 1_800_000_000 },
            observe: { [outcomes] in outcomes.add($0) }
        )
        let server = try await MilterServer.start(host: "127.0.0.1", port: 0, settings, idleLimit: idleLimit)
        do {
            try await body(server)
            await server.stop(within: .zero)
        } catch {
            await server.stop(within: .zero)
            throw error
        }
    }

    /// Says the bytes, and reads until the server has answered so many packets or closed the connection.
    private func talk(
        to server: MilterServer,
        _ body: (inout Talk) async throws -> Void
    ) async throws {
        let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .connect(host: "127.0.0.1", port: server.port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        try await channel.executeThenClose { inbound, outbound in
            var talk = Talk(inbound: inbound.makeAsyncIterator(), outbound: outbound)
            try await body(&talk)
        }
    }

    private struct Talk {
        var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
        let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
        private var received: [UInt8] = []

        init(
            inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator,
            outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
        ) {
            (self.inbound, self.outbound) = (inbound, outbound)
        }

        func say(_ bytes: [UInt8]) async throws { try await outbound.write(ByteBuffer(bytes: bytes)) }

        /// The next replies, up to the one with this letter; those before the end if the server hangs up.
        mutating func replies(upTo code: Character?) async throws -> [(code: Character, data: [UInt8])] {
            while true {
                let replies = Packets.replies(received)
                if let code, replies.contains(where: { $0.code == code }) {
                    received = []
                    return replies
                }
                guard let bytes = try await inbound.next(isolation: #isolation) else { return replies }
                received += bytes.readableBytesView
            }
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func aWholeConversation() async throws {
        try await serving { server in
            try await talk(to: server) { talk in
                try await talk.say(Packets.negotiate())
                #expect(try await talk.replies(upTo: "O").map(\.code) == ["O"])
                for _ in 0..<3 {
                    try await talk.say(Packets.message())
                    let replies = try await talk.replies(upTo: "a")
                    #expect(replies.map(\.code) == ["c", "i", "i", "a"])
                    let message = replies.filter { $0.code == "i" }.reduce(Packets.received) {
                        Packets.inserted($1.data) + $0
                    }
                    #expect(failures(message, [try TestKeys.rsa(), try TestKeys.ed25519()]) == [nil, nil])
                }
                try await talk.say(Packets.packet("Q"))
                #expect(try await talk.replies(upTo: nil).isEmpty)
            }
        }
        #expect(outcomes.all.count == 3)
    }

    @Test(.timeLimit(.minutes(1)))
    func manyConnectionsAtOnce() async throws {
        try await serving { server in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<50 {
                    group.addTask {
                        try await talk(to: server) { talk in
                            try await talk.say(Packets.negotiate() + Packets.message())
                            #expect(try await talk.replies(upTo: "a").map(\.code) == ["O", "c", "i", "i", "a"])
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
        #expect(outcomes.all.count == 50)
    }

    @Test(.timeLimit(.minutes(1)))
    func aBodyOfManyPieces() async throws {
        try await serving { server in
            try await talk(to: server) { talk in
                let piece = [UInt8](repeating: 0x61, count: 65_535)
                try await talk.say(
                    Packets.negotiate() + Packets.mail("a@example.com") + Packets.header("From", "a@example.com")
                )
                for _ in 0..<20 { try await talk.say(Packets.packet("B", piece)) }
                try await talk.say(Packets.packet("E"))
                #expect(try await talk.replies(upTo: "a").map(\.code) == ["O", "c", "i", "i", "a"])
            }
        }
    }

    @Test(
        .timeLimit(.minutes(1)),
        arguments: [
            [0, 0, 0, 0], [255, 255, 255, 255, 0], Packets.packet("Z"), Packets.packet("E"), Packets.packet("O", [1]),
            Packets.negotiate(version: 1), Array("GET / HTTP/1.0\r\n\r\n".utf8),
        ] as [[UInt8]]
    )
    func aMalformedPacketEndsItsConnectionOnly(_ packet: [UInt8]) async throws {
        try await serving { server in
            try await talk(to: server) { good in
                try await good.say(Packets.negotiate())
                _ = try await good.replies(upTo: "O")
                try await talk(to: server) { bad in
                    try await bad.say(packet)
                    #expect(try await bad.replies(upTo: nil).isEmpty)
                }
                try await good.say(Packets.message())
                #expect(try await good.replies(upTo: "a").count == 4)
            }
        }
        #expect(outcomes.all.count == 2)
        guard case .protocolViolated = outcomes.all[0] else {
            Issue.record("\(outcomes.all)")
            return
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func aServerThatStopsFinishesTheMessageUnderWay() async throws {
        try await serving { server in
            try await talk(to: server) { idle in
                try await idle.say(Packets.negotiate())
                _ = try await idle.replies(upTo: "O")
                try await talk(to: server) { busy in
                    try await busy.say(Packets.negotiate() + Packets.mail("a@example.com"))
                    _ = try await busy.replies(upTo: "c")
                    let stopping = Task { await server.stop(within: .seconds(30)) }
                    // The idle connection ends at once, and no further one is let in.
                    let lastWords = try await idle.replies(upTo: nil)
                    #expect(lastWords.isEmpty)
                    await #expect(throws: (any Error).self) { try await talk(to: server) { _ in } }
                    try await busy.say(
                        Packets.header("From", "a@example.com") + Packets.packet("B", [0x61]) + Packets.packet("E")
                    )
                    #expect(try await busy.replies(upTo: "a").map(\.code) == ["i", "i", "a"])
                    #expect(try await busy.replies(upTo: nil).isEmpty)
                    await stopping.value
                }
                #expect(outcomes.all == [.signed(["example.com", "example.com"])])
            }
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func aServerThatStopsDoesNotWaitForEver() async throws {
        try await serving { server in
            try await talk(to: server) { busy in
                try await busy.say(Packets.negotiate() + Packets.mail("a@example.com"))
                _ = try await busy.replies(upTo: "c")
                await server.stop(within: .milliseconds(50))
                #expect(try await busy.replies(upTo: nil).isEmpty)
            }
        }
        #expect(outcomes.all.isEmpty)
    }

    @Test(.timeLimit(.minutes(1)))
    func aDeadConnectionIsClosed() async throws {
        try await serving(idleLimit: .milliseconds(50)) { server in
            try await talk(to: server) { talk in
                // A server that closes before it has read resets the connection, so nothing is said.
                let lastWords = try await talk.replies(upTo: nil)
                #expect(lastWords.isEmpty)
            }
        }
    }
}
