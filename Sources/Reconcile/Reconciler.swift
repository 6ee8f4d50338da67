/// Brings resources to where they should be, in their order.
package struct Reconciler: Sendable {
    private let resources: [any Resource]

    /// The resources in the order in which they are checked and applied: each may rely on those before it.
    package init(_ resources: [any Resource]) {
        self.resources = resources
    }

    /// The changes that a pass would make; nothing is changed.
    ///
    /// - Throws: `ReconcileFailure` for the first resource that can't be checked.
    package func plan() async throws(ReconcileFailure) -> Plan {
        var plan = Plan()
        for resource in resources {
            if let later = resource.onceConverged, !plan.isEmpty {
                plan.entries.append(Plan.Entry(resource: resource.name, finding: .afterOtherChanges(later)))
                continue
            }
            switch try await check(resource) {
            case .inSync:
                plan.entries.append(Plan.Entry(resource: resource.name, finding: .inSync))
            case .drifted(let drift):
                plan.entries.append(Plan.Entry(resource: resource.name, finding: .changes(drift.changes)))
            }
        }
        return plan
    }

    /// Checks each resource and corrects drift.
    ///
    /// It stops at the first failure, since what follows relies on what came before; the next pass goes on from there.
    ///
    /// - Parameter observe: Is told of every step as it happens.
    /// - Returns: Every change that was made; none if all was as it should be.
    /// - Throws: `ReconcileFailure` naming the resource.
    package func converge(observe: (ReconcileEvent) -> Void) async throws(ReconcileFailure) -> [Change] {
        var made: [Change] = []
        for resource in resources {
            guard case .drifted(let drift) = try await check(resource) else {
                do {
                    try await resource.confirmed()
                } catch {
                    throw ReconcileFailure(resource: resource.name, stage: .checking, cause: error)
                }
                observe(.inSync(resource: resource.name))
                continue
            }
            observe(.applying(resource: resource.name, changes: drift.changes))
            do {
                try await drift.apply()
                try await resource.confirmed()
            } catch {
                throw ReconcileFailure(resource: resource.name, stage: .applying(drift.changes), cause: error)
            }
            observe(.applied(resource: resource.name, changes: drift.changes))
            made += drift.changes
        }
        return made
    }

    private func check(_ resource: any Resource) async throws(ReconcileFailure) -> Check {
        do {
            return try await resource.check()
        } catch {
            throw ReconcileFailure(resource: resource.name, stage: .checking, cause: error)
        }
    }
}

/// The events of a running pass.
package enum ReconcileEvent: Sendable {
    case inSync(resource: String)
    case applying(resource: String, changes: [Change])
    case applied(resource: String, changes: [Change])
}

/// A resource that could not be checked or put right.
package struct ReconcileFailure: Error, CustomStringConvertible {
    package enum Stage: Sendable {
        case checking
        case applying([Change])
    }

    package let resource: String
    package let stage: Stage
    package let cause: any Error

    package var description: String { "\(resource): \(cause)" }
}

/// The work of a pass, before it is done.
package struct Plan: Sendable, Equatable {
    package struct Entry: Sendable, Equatable {
        package let resource: String
        package let finding: Finding
    }

    package enum Finding: Sendable, Equatable {
        case inSync
        case changes([Change])
        /// The changes are known only after the changes before them are made; this is the resource's act then, where it
        /// is needed.
        case afterOtherChanges(String)
    }

    package var entries: [Entry] = []

    package init() {}

    package var changes: [Change] {
        entries.flatMap { entry -> [Change] in
            guard case .changes(let changes) = entry.finding else { return [] }
            return changes
        }
    }

    package var isEmpty: Bool { changes.isEmpty }
}
