import Reconcile
import Resources

/// Parts of which each relies on those before it.
typealias Chain = [any Resource]

/// The parts of a host, by its role.
enum HostParts: Sendable {
    case relay(RelayParts)
    case sender(SenderParts)

    var services: ServiceBoard {
        switch self {
        case .relay(let parts): parts.services
        case .sender(let parts): parts.services
        }
    }

    /// The host's own parts.
    var base: [any Resource] {
        switch self {
        case .relay(let parts): parts.base
        case .sender(let parts): parts.base
        }
    }

    /// All parts, in the order in which each relies on those before it.
    var all: [any Resource] {
        switch self {
        case .relay(let parts): parts.all
        case .sender(let parts): parts.base
        }
    }

    /// Where the pass takes a relay; `nil` for a sender.
    var goal: NodeGoal? {
        guard case .relay(let parts) = self else { return nil }
        return parts.goal
    }
}
