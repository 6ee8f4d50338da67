package import Reconcile

/// A plan as text: a unified diff of each file, then what else would be done.
package struct PlanReport: CustomStringConvertible {
    package let description: String

    package init(_ plan: Plan) {
        var text = ""
        for entry in plan.entries {
            switch entry.finding {
            case .inSync: continue
            case .afterOtherChanges(let later): text += "# \(entry.resource), after the changes above\n\(later)\n"
            case .changes(let changes):
                text += "# \(entry.resource)\n"
                for change in changes {
                    text += "\(change.summary)\n"
                    if let diff = change.diff { text += diff }
                }
            }
        }
        let count = plan.changes.count
        let summary = count == 0 ? "Nothing to do." : "\(count) \(count == 1 ? "change" : "changes") to make."
        self.description = text + summary + "\n"
    }
}
