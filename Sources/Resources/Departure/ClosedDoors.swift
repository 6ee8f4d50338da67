package import Host
package import Reconcile
import RelayNode

/// A Postfix that listens for no other host, and has no session open with one.
package struct ClosedDoors: Resource {
    package let name = "doors"

    private let postfix: LeavingPostfix
    private let sessions: OpenSessions
    private let connections: SMTPConnections
    private let deadline: ContinuousClock.Instant
    private let closed: @Sendable ([String]) async throws -> Void
    private let notice: @Sendable (String) -> Void

    /// The time that sessions may take to end the message that they are in, and to be answered 421 for the next one.
    private static let courtesy: Duration = .seconds(5)
    /// The time that Postfix's master may take to close its listeners.
    private static let patience: Duration = .seconds(10)

    /// - Parameters:
    ///   - deadline: Until when open sessions are waited for.
    ///   - closed: Is told the listeners' names before they are closed.
    package init(
        postfix: LeavingPostfix,
        sessions: OpenSessions,
        connections: SMTPConnections,
        deadline: ContinuousClock.Instant,
        closed: @escaping @Sendable ([String]) async throws -> Void,
        notice: @escaping @Sendable (String) -> Void
    ) {
        self.postfix = postfix
        self.sessions = sessions
        self.connections = connections
        self.deadline = deadline
        self.closed = closed
        self.notice = notice
    }

    package func check() throws -> Check {
        // A Postfix that does not run takes nothing.
        guard postfix.isRunning, connections.isListened else { return .inSync }
        let names = try postfix.doors()
        guard !names.isEmpty else { return .inSync }
        return .drifted(
            Drift([Change(.service, "close the doors: \(names.joined(separator: ", "))")]) { try await close(names) }
        )
    }

    private func close(_ names: [String]) async throws {
        try await closed(names)
        let latest = min(.now + Self.courtesy, max(deadline, .now + .seconds(1)))
        while try postfix.isRefusing, connections.isAnyOpen, ContinuousClock.now < latest {
            try await Task.sleep(for: .milliseconds(50))
        }
        let cut = try await sessions.untilBetweenMessages(by: latest)
        if cut > 0 {
            notice(
                "\(cut) sessions are ended in the middle of a message: their senders may send it again, so that it comes twice"
            )
        }
        var routes = try postfix.routes()
        routes.closed = names
        try await postfix.take(routes)
        // The master ends its listeners' processes before it closes their sockets.
        let limit = ContinuousClock.now + Self.patience
        while connections.isListened {
            guard ContinuousClock.now < limit else { throw DoorsStillOpen() }
            try await Task.sleep(for: .milliseconds(50))
        }
    }
}

/// Postfix still takes mail.
package struct DoorsStillOpen: Error, CustomStringConvertible {
    package var description: String {
        "something still listens on the ports of mail, so what it takes from now on may stay on this node (see: ss -ltnp)"
    }
}
