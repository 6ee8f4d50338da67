/// One part of the node that can be compared with its wanted state, and brought there.
///
/// A check reads and never writes. A check after the changes of the last one finds nothing.
package protocol Resource: Sendable {
    /// The name that operators use: "packages", "postfix", "load balancer smtp-relay".
    var name: String { get }

    /// The act that follows once everything before it is as it should be, where checking makes sense only then: a probe
    /// of a service that is not installed yet can only fail. `plan` says this in place of a check.
    var onceConverged: String? { get }

    /// Compares the present state with the wanted one.
    func check() async throws -> Check

    /// A pass calls this when the resource is as it should be, so that the resource can remember that state. A plan does not
    /// call it.
    func confirmed() async throws
}

extension Resource {
    package func confirmed() {}
    package var onceConverged: String? { nil }
}

/// The result of a check. A resource that can't be checked throws, so a result is never right and wrong at once.
package enum Check: Sendable {
    case inSync
    case drifted(Drift)
}

/// The difference between a resource and its wanted state, with the act that corrects it.
///
/// The act makes just these changes: nothing is looked up again between the plan and its application.
package struct Drift: Sendable {
    /// At least one.
    package let changes: [Change]
    /// Makes the changes.
    package let apply: @Sendable () async throws -> Void

    package init(_ changes: [Change], apply: @escaping @Sendable () async throws -> Void) {
        precondition(!changes.isEmpty, "a drift without a change is no drift")
        self.changes = changes
        self.apply = apply
    }
}
