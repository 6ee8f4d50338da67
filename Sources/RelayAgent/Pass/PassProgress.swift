import Synchronization

/// The progress of a pass. A caller may stop waiting while the pass only waits for metadata or load balancers, which may be
/// slow.
package final class PassProgress: Sendable {
    private let since = Mutex<ContinuousClock.Instant?>(nil)

    package init() {}

    /// The pass begins to wait for others than the host.
    func beginWaiting() { since.withLock { $0 = .now } }

    /// The host's own parts come next.
    func endWaiting() { since.withLock { $0 = nil } }

    /// The begin of the wait; `nil` while the host's own parts are under way.
    var waiting: ContinuousClock.Instant? { since.withLock { $0 } }
}
