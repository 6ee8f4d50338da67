/// One part of the node that can be compared with what it should be, and brought there.
///
/// A check reads and never writes. Applying what it found and checking again finds nothing.
package protocol Resource: Sendable {
    /// What operators call it: "packages", "postfix", "load balancer smtp-relay".
    var name: String { get }

    /// What it does once everything before it is as it should be, where checking makes sense only then: a probe of a
    /// service that is still to be installed can only fail. `plan` then says this in place of checking.
    var onceConverged: String? { get }

    /// Compares what is with what should be.
    func check() async throws -> Check

    /// A pass calls this when the resource is as it should be, so that the resource can remember that state. A plan does not
    /// call it.
    func confirmed() async throws
}

extension Resource {
    package func confirmed() {}
    package var onceConverged: String? { nil }
}

/// What a check found. A resource that can't be checked throws: right and wrong at once can't be written down.
package enum Check: Sendable {
    case inSync
    case drifted(Drift)
}

/// How a resource differs from what it should be, together with the act that puts it right.
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
