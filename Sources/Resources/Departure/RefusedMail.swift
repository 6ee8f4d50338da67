package import Reconcile
import RelayNode

/// A Postfix that answers 421 to each sender, on new connections and on present ones. What it has in hand, it takes.
package struct RefusedMail: Resource {
    package let name = "doors"

    private let postfix: LeavingPostfix
    private let refusing: @Sendable () async throws -> Void

    /// - Parameter refusing: Is told before the first 421.
    package init(postfix: LeavingPostfix, refusing: @escaping @Sendable () async throws -> Void) {
        self.postfix = postfix
        self.refusing = refusing
    }

    package func check() throws -> Check {
        // A Postfix that does not run takes nothing.
        guard postfix.isRunning, try !postfix.isRefusing else { return .inSync }
        return .drifted(Drift([Change(.service, "answer 421 to all senders")]) { try await refuse() })
    }

    private func refuse() async throws {
        try await refusing()
        let now = try postfix.routes()
        try await postfix.take(LeavingRoutes(handOver: now.handOver, closed: now.closed, refusesMail: true))
    }
}
