/// The action that a running service needs to take up a change of its configuration. A stronger one includes the
/// weaker.
package enum ServiceAction: String, Sendable, Comparable, CustomStringConvertible {
    case none
    case reload
    case restart

    package var description: String { rawValue }

    package static func < (left: ServiceAction, right: ServiceAction) -> Bool { left.strength < right.strength }

    private var strength: Int {
        switch self {
        case .none: 0
        case .reload: 1
        case .restart: 2
        }
    }
}
