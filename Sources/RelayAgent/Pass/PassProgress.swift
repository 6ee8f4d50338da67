import Synchronization

/// The progress of a pass. A caller may stop waiting when only the load balancers are left, since their APIs may be slow.
package final class PassProgress: Sendable {
    private let since = Mutex<ContinuousClock.Instant?>(nil)

    package init() {}

    /// The host's own parts are done with, and load balancers are what is left.
    func finishHost() { since.withLock { $0 = .now } }

    /// Since when only load balancers are left; `nil` where the host's own parts are not done with.
    var hostFinished: ContinuousClock.Instant? { since.withLock { $0 } }
}
