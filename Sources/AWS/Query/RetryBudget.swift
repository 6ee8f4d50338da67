import HTTP
import Synchronization

/// The retries that all calls of a node may make together (AWS SDKs and Tools Reference, "Retry behavior").
///
/// Each retry takes from the budget, and a success gives back. While an API throttles or is out of reach, a node soon makes one
/// try for each call, and leaves the account's limit to the others.
package final class RetryBudget: Sendable {
    /// The standard mode's: 100 retries, of those that time out 50.
    private static let capacity = 500.0
    /// Seconds in which one token comes back by itself: two retries a minute, also where nothing succeeds.
    private static let refill = 6.0

    private let store: any RetryTokenStore
    private let latest: Mutex<RetryTokens>

    /// - Parameters:
    ///   - tokens: What a node begins with.
    ///   - store: What the node's other processes have left.
    package init(tokens: Double = RetryBudget.full, store: any RetryTokenStore = NoOtherProcess()) {
        self.store = store
        self.latest = Mutex(RetryTokens(count: tokens))
    }

    package static var full: Double { capacity }

    /// The price of another try, by the failure of the one before.
    static func price(of reason: AWSFailure.Reason) -> Double {
        if case .unreachable(let failure) = reason, case .timedOut = failure.reason { return 10 }
        return 5
    }

    /// Takes a retry's price.
    ///
    /// - Parameter now: Seconds since 1970.
    /// - Returns: Whether there was enough.
    package func take(_ price: Double, at now: Double) -> Bool {
        change { tokens in
            if let before = tokens.filledAt {
                // A clock that was put back gives nothing.
                tokens.count = min(Self.capacity, tokens.count + max(now - before, 0) / Self.refill)
            }
            tokens.filledAt = now
            guard tokens.count >= price else { return false }
            tokens.count -= price
            return true
        }
    }

    /// A call has succeeded.
    ///
    /// - Parameter price: The price of its last retry; 0 where it had none.
    func giveBack(_ price: Double) {
        change { $0.count = min(Self.capacity, $0.count + max(price, 1)) }
    }

    private func change<Result>(_ body: (inout RetryTokens) -> Result) -> Result {
        latest.withLock { latest in
            var tokens = store.tokens() ?? latest
            let before = tokens
            let result = body(&tokens)
            latest = tokens
            if tokens != before { store.keep(tokens) }
            return result
        }
    }
}

/// A store of retries.
package struct RetryTokens: Sendable, Equatable, Codable {
    /// Five of them are a retry.
    package var count: Double
    /// When time last gave some back, in seconds since 1970; `nil` before the first retry.
    package var filledAt: Double?

    package init(count: Double, filledAt: Double? = nil) {
        self.count = count
        self.filledAt = filledAt
    }
}

/// Keeps what is left of a node's retries for all its processes. Two that take at the same moment may count as one.
package protocol RetryTokenStore: Sendable {
    /// The tokens that are left; `nil` if no process has taken any, or if this one can't keep what it takes.
    func tokens() -> RetryTokens?

    func keep(_ tokens: RetryTokens)
}

/// For a process that knows of no other.
package struct NoOtherProcess: RetryTokenStore {
    package init() {}

    package func tokens() -> RetryTokens? { nil }

    package func keep(_ tokens: RetryTokens) {}
}
