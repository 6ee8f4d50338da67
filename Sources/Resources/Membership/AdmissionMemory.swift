import Synchronization

/// The answers of load balancers' places to 'may this node be here?', kept for as long as the program runs.
package final class AdmissionMemory: Sendable {
    enum Answer: Sendable {
        case yes(PlaceReview)
        case no(any PlaceRefusal)
        /// The question could not be answered.
        case unclear(any Error)
    }

    private let known = Mutex<[String: (answer: Answer, side: String, at: ContinuousClock.Instant)]>([:])
    private let now: @Sendable () -> ContinuousClock.Instant

    package init(now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }) {
        self.now = now
    }

    /// The answer of a place, where it still counts.
    ///
    /// - Parameter side: The values of this node on which the answer depends: a change asks anew.
    func answer(of place: String, side: String, _ period: AdmissionPeriod) -> Answer? {
        guard let known = known.withLock({ $0[place] }), known.side == side else { return nil }
        return now() - known.at < period.lifetime(of: known.answer) ? known.answer : nil
    }

    func keep(_ answer: Answer, of place: String, side: String) {
        known.withLock { $0[place] = (answer, side, now()) }
    }
}

/// The time for which answers count.
package struct AdmissionPeriod: Sendable {
    private let yes: Duration
    private let unclear: Duration

    /// When a node in service has noticed at the latest that it must not be there.
    private static let limit: Duration = .seconds(1200)
    /// A question that was not answered is asked again before the limit.
    private static let retry: Duration = .seconds(60)
    /// A refusal is looked at again soon, so that a node whose load balancer was mended comes back.
    private static let pause: Duration = .seconds(60)

    /// - Parameters:
    ///   - pace: The longest time from one pass to the next.
    ///   - isAnew: Whether somebody has asked for a new look; what is known since a minute ago counts all the same, so that
    ///     a script that does so in a loop does not use up the account's API limit.
    package init(pace: Duration, isAnew: Bool = false) {
        self.init(
            yes: isAnew ? Self.pause : max(.zero, Self.limit - Self.retry - pace),
            unclear: isAnew ? Self.pause : Self.retry
        )
    }

    /// The same where the load balancer does not call the node in service: it may be the load balancer's own fault.
    var whileNotInService: AdmissionPeriod { AdmissionPeriod(yes: min(yes, Self.pause), unclear: unclear) }

    private init(yes: Duration, unclear: Duration) {
        (self.yes, self.unclear) = (yes, unclear)
    }

    func lifetime(of answer: AdmissionMemory.Answer) -> Duration {
        switch answer {
        case .yes: yes
        case .no: Self.pause
        case .unclear: unclear
        }
    }
}
