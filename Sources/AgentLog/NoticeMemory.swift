import Synchronization

/// The notices that a resident agent has logged. A notice that stays the same is logged once, and again after an hour, since
/// logs are rotated.
package final class NoticeMemory: Sendable {
    private struct State {
        var told: [String: ContinuousClock.Instant] = [:]
        var seen: Set<String> = []
    }

    private let state = Mutex(State())
    private static let reminder: Duration = .seconds(3600)

    package init() {}

    /// Whether a text is new for its step. Numbers count for nothing: waits and counts change all the time.
    func isNews(_ step: String, _ text: String) -> Bool {
        let key = step + " " + String(text.unicodeScalars.filter { !("0"..."9").contains($0) }.map(Character.init))
        return state.withLock { state in
            state.seen.insert(key)
            if let told = state.told[key], .now - told < Self.reminder { return false }
            state.told[key] = .now
            return true
        }
    }

    /// Forgets the texts that the ended pass did not log any more: should one come back, it is news again.
    func passEnded() {
        state.withLock { state in
            state.told = state.told.filter { state.seen.contains($0.key) }
            state.seen = []
        }
    }
}
