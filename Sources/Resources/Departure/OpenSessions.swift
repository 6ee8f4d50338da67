package import Host

/// The sessions that hosts have open with this node's smtpd, as far as they concern a node that ends them.
///
/// Postfix's master ends its smtpd processes by SIGTERM: the sender finds the connection closed, and sends the message again
/// that had no answer yet. Between two messages, that is harmless.
package struct OpenSessions: Sendable {
    private let messages: @Sendable () -> Int

    package init(files: FileSystem) {
        // Each message that is being taken is a connection to cleanup(8).
        self.init { LocalConnections(files: files).count(to: "public/cleanup") }
    }

    /// - Parameter messages: The number of messages on their way into the queue now.
    package init(messages: @escaping @Sendable () -> Int) {
        self.messages = messages
    }

    /// Waits for a moment at which no session is in the middle of a message.
    ///
    /// - Returns: The number of messages on their way in at the end; 0 where there was such a moment.
    package func untilBetweenMessages(by deadline: ContinuousClock.Instant) async throws -> Int {
        while true {
            let count = messages()
            if count == 0 || ContinuousClock.now >= deadline { return count }
            try await Task.sleep(for: .milliseconds(10))
        }
    }
}
