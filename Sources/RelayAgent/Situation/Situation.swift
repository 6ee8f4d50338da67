import Facts
import Resources
import Vocabulary

/// All that a pass over a relay goes by. It is read once, when the pass begins.
struct Situation: Sendable {
    let settings: NodeSettings
    let facts: InstanceFacts
    /// Where the pass takes the node.
    let goal: NodeGoal
    /// Whether Auto Scaling is about to terminate the instance.
    let isTermination: Bool
    let account: AWSAccount

    /// A look at the facts alone: nothing is announced, and nobody has given an order.
    init(_ settings: NodeSettings, _ facts: InstanceFacts, _ account: AWSAccount, waits: Bool) {
        self.init(settings, facts, account, goal: .inService(waits: waits), isTermination: false)
    }

    init(
        _ settings: NodeSettings,
        _ facts: InstanceFacts,
        _ account: AWSAccount,
        goal: NodeGoal,
        isTermination: Bool
    ) {
        self.settings = settings
        self.facts = facts
        self.account = account
        self.goal = goal
        self.isTermination = isTermination
    }
}
