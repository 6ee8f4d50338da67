package import AgentLog
import Synchronization

/// The events of the agent's own log that are not on the disk yet.
package final class AgentLogBuffer: AgentLogListener {
    private struct State {
        var events: [AgentLogEvent] = []
        var dropped = 0
        var wake: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())
    /// An agent that logs more in a few seconds loses the oldest.
    private static let limit = 1000

    package init() {}

    package func heard(_ event: AgentLogEvent) {
        let wake = state.withLock { state in
            state.events.append(event)
            if state.events.count > Self.limit {
                state.events.removeFirst()
                state.dropped += 1
            }
            return state.wake
        }
        wake?()
    }

    /// Has a closure called at each event.
    func onEvent(_ wake: @escaping @Sendable () -> Void) { state.withLock { $0.wake = wake } }

    /// The events since the last call, and the number of those that were lost.
    func take() -> (events: [AgentLogEvent], dropped: Int) {
        state.withLock { state in
            defer { (state.events, state.dropped) = ([], 0) }
            return (state.events, state.dropped)
        }
    }
}
