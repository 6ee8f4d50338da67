package import Vocabulary

/// Looks at the relay as its clients see it.
package protocol RelayProbing: Sendable {
    /// Whether a real banner and a real answer to EHLO come from each of these ports.
    ///
    /// - Parameter isProxied: Whether these expect a header of the PROXY protocol.
    func greet(ports: [UInt16], isProxied: Bool) async throws

    /// What the relay answers when these clients want a message relayed to a foreign domain, and to some of its own.
    ///
    /// - Returns: The replies to RCPT TO for each client in their order: of the foreign domain first.
    func relayAttempts(by clients: [IPAddress], to domains: [DomainName]) async throws -> [[SMTPReply]]

    /// What the relay answers at a port itself when this host wants a message relayed to a foreign domain.
    ///
    /// - Parameter isProxied: Whether the port expects a header of the PROXY protocol.
    func ownRelayAttempt(port: UInt16, isProxied: Bool) async throws -> SMTPReply
}

/// Probes the Postfix on this host.
///
/// No message is ever sent: every attempt ends before DATA.
package struct RelayProbe: RelayProbing {
    /// Where Postfix serves the load balancer.
    private let address: IPAddress
    /// The loopback-only listener that believes XCLIENT.
    private let selfTest: SMTPServer
    private let timeout: Duration

    package init(address: IPAddress, selfTest: SMTPServer, timeout: Duration = .seconds(10)) {
        self.address = address
        self.selfTest = selfTest
        self.timeout = timeout
    }

    package func greet(ports: [UInt16], isProxied: Bool) async throws {
        for port in ports { try await withSession(port, isProxied) { _ in } }
    }

    package func ownRelayAttempt(port: UInt16, isProxied: Bool) async throws -> SMTPReply {
        try await withSession(port, isProxied) { session in
            try await session.sendChecked("MAIL FROM:<\(Self.sender)>")
            return try await session.send("RCPT TO:<\(Self.foreignRecipient)>")
        }
    }

    private func withSession<Result: Sendable>(
        _ port: UInt16,
        _ isProxied: Bool,
        _ body: @Sendable @escaping (inout SMTPSession) async throws -> Result
    ) async throws -> Result {
        try await SMTPSession.withSession(
            to: SMTPServer(address, port: port),
            greeting: Self.name,
            isProxied: isProxied,
            timeout: timeout,
            body
        )
    }

    package func relayAttempts(by clients: [IPAddress], to domains: [DomainName]) async throws -> [[SMTPReply]] {
        var replies: [[SMTPReply]] = []
        let recipients = [Self.foreignRecipient] + domains.map { "postmaster@\($0)" }
        // A connection each: who has become a stranger by XCLIENT may not use it again.
        for client in clients { replies.append(try await relayAttempts(by: client, recipients)) }
        return replies
    }

    private func relayAttempts(by client: IPAddress, _ recipients: [String]) async throws -> [SMTPReply] {
        try await SMTPSession.withSession(to: selfTest, greeting: Self.name, timeout: timeout) { session in
            // XCLIENT begins the session anew (Postfix, XCLIENT_README), so EHLO comes again.
            try await session.sendChecked("XCLIENT ADDR=\(client.xclientForm) NAME=[UNAVAILABLE]")
            try await session.sendChecked("EHLO \(Self.name)")
            try await session.sendChecked("MAIL FROM:<\(Self.sender)>")
            var replies: [SMTPReply] = []
            for recipient in recipients { replies.append(try await session.send("RCPT TO:<\(recipient)>")) }
            return replies
        }
    }

    private static let name = "smtp-relay-agent.invalid"
    private static let sender = "self-test@smtp-relay-agent.invalid"
    /// RFC 2606 keeps `.invalid` from ever being anybody's, so no relay can call it its own.
    private static let foreignRecipient = "nobody@relay-self-test.invalid"
}

extension IPAddress {
    /// As XCLIENT wants it: IPv6 addresses with a prefix (Postfix, XCLIENT_README).
    fileprivate var xclientForm: String { family == .ipv4 ? description : "IPV6:\(description)" }
}
