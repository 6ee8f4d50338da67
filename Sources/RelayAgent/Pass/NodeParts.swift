import Reconcile
import Resources

/// Parts of which each relies on those before it.
typealias Chain = [any Resource]

/// The parts of a host as its role has them, in the order in which each relies on those before it.
protocol NodeParts: Sendable {
    var request: PassRequest { get }
    var services: ServiceBoard { get }

    /// What is done one after another. The chains of a stage have nothing to do with one another, and are done at the
    /// same time: so waiting for one load balancer does not delay the others.
    var stages: [[Chain]] { get }

    /// The host's own parts.
    var base: [any Resource] { get }
}

extension NodeParts {
    var all: [any Resource] { stages.flatMap { $0.flatMap(\.self) } }
}
