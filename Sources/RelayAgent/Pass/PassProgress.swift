import Synchronization

/// How far a pass is, for whoever started it: what is left of it may be of another's making, and take its time.
package final class PassProgress: Sendable {
    private let since = Mutex<ContinuousClock.Instant?>(nil)

    package init() {}

    /// The host's own parts are done with, and load balancers are what is left.
    func finishHost() { since.withLock { $0 = .now } }

    /// Since when only load balancers are left; `nil` where the host's own parts are not done with.
    var hostFinished: ContinuousClock.Instant? { since.withLock { $0 } }
}
