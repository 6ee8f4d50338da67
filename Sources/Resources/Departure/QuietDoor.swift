import AWS
package import Host

/// Waits until no mail comes to the node any more.
package struct QuietDoor: Sendable {
    private let connections: @Sendable () -> Set<String>
    private let deadline: ContinuousClock.Instant
    private let holds: @Sendable () throws -> Void

    /// The time without a new connection after which the door counts as quiet.
    private static let silence: Duration = .seconds(3)
    private static let pace: Duration = .milliseconds(500)

    /// - Parameters:
    ///   - deadline: When the wait ends in any case.
    ///   - holds: Whether the node is still to leave: what it throws ends the wait.
    package init(
        _ connections: SMTPConnections,
        deadline: ContinuousClock.Instant,
        holds: @escaping @Sendable () throws -> Void
    ) {
        self.init(connections: { connections.current() }, deadline: deadline, holds: holds)
    }

    package init(
        connections: @escaping @Sendable () -> Set<String>,
        deadline: ContinuousClock.Instant,
        holds: @escaping @Sendable () throws -> Void = {}
    ) {
        self.connections = connections
        self.deadline = deadline
        self.holds = holds
    }

    /// Whether a host is connected, or was until just now.
    var isOpen: Bool { !connections().isEmpty }

    /// Returns when the load balancer sends no more connections and no new one has come for a while, or at the
    /// deadline.
    ///
    /// - Parameter isOut: Whether the load balancer says that the node is out.
    package func wait(untilOut isOut: () async throws -> Bool) async throws {
        while try await CallDeadline.by(deadline, { try await !isOut() }), ContinuousClock.now < deadline {
            try holds()
            // A load balancer needs two failed checks at least, and a fleet shares the account's API limit.
            try await Task.sleep(for: .milliseconds(Int.random(in: 1500...3000)))
        }
        var known = connections()
        var quietSince = ContinuousClock.now
        while ContinuousClock.now - quietSince < Self.silence, ContinuousClock.now < deadline {
            try holds()
            try await Task.sleep(for: Self.pace)
            let now = connections()
            if !now.isSubset(of: known) { quietSince = .now }
            known.formUnion(now)
        }
        try holds()
    }
}
