package import Host

/// Waits until no mail comes to the node any more.
package struct QuietDoor: Sendable {
    private let connections: @Sendable () -> Set<String>
    private let deadline: ContinuousClock.Instant

    /// For how long nobody new may come.
    private static let silence: Duration = .seconds(3)
    private static let pace: Duration = .milliseconds(500)

    /// - Parameter deadline: When the wait ends in any case.
    package init(_ connections: SMTPConnections, deadline: ContinuousClock.Instant) {
        self.init(connections: { connections.current() }, deadline: deadline)
    }

    package init(connections: @escaping @Sendable () -> Set<String>, deadline: ContinuousClock.Instant) {
        self.connections = connections
        self.deadline = deadline
    }

    /// Whether somebody is connected, or was until just now.
    var isOpen: Bool { !connections().isEmpty }

    /// Returns when the load balancer sends nobody and nobody new has come for a while, or at the deadline.
    ///
    /// - Parameter isOut: What the load balancer itself says.
    package func wait(untilOut isOut: () async throws -> Bool) async throws {
        while try await !isOut(), ContinuousClock.now < deadline {
            // A load balancer needs two failed checks at least, and a fleet shares the account's API limit.
            try await Task.sleep(for: .milliseconds(Int.random(in: 1500...3000)))
        }
        var known = connections()
        var quietSince = ContinuousClock.now
        while ContinuousClock.now - quietSince < Self.silence, ContinuousClock.now < deadline {
            try await Task.sleep(for: Self.pace)
            let now = connections()
            if !now.isSubset(of: known) { quietSince = .now }
            known.formUnion(now)
        }
    }
}
