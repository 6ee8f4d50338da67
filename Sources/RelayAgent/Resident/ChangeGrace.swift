import Dispatch
import Resources
import Synchronization

/// The time that a change has for its repair and its proof. At its end, what is not proven is withdrawn, whatever the passes are
/// at.
///
/// It has a thread of its own, since the passes' ones may be waiting for a disk.
final class ChangeGrace: Sendable {
    private let healthGuard: HealthGuard
    private let since = ContinuousClock.now
    private let end: @Sendable (Result<(any Error)?, any Error>) -> Void
    private let isCancelled = Mutex(false)

    /// - Parameter end: Is told why the health check answers 503 from now on; `nil` where it does not.
    init(_ healthGuard: HealthGuard, end: @escaping @Sendable (Result<(any Error)?, any Error>) -> Void) {
        self.healthGuard = healthGuard
        self.end = end
        wait(HealthGuard.grace)
    }

    /// All is proven before the end has come.
    func cancel() { isCancelled.withLock { $0 = true } }

    private func wait(_ time: Duration) {
        DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(time.inMilliseconds)) { [self] in
            if isCancelled.withLock(\.self) { return }
            let left = healthGuard.timeLeft(after: .now - since)
            if left > .zero { return wait(left) }
            end(Result { try healthGuard.withdrawUnlessProven() })
        }
    }
}

extension Duration {
    /// Rounded up.
    fileprivate var inMilliseconds: Int {
        Int(components.seconds) * 1000 + Int(components.attoseconds / 1_000_000_000_000_000) + 1
    }
}
