import Facts
import Resources
import Testing
import Vocabulary

@testable import RelayAgent

struct NodeGoalTests {
    private func notices(_ state: String?) -> InstanceNotices {
        var notices = InstanceNotices()
        notices.targetLifecycleState = state
        return notices
    }

    /// 404 in metadata is no state, which means: in no group (ecs-agent#4487).
    @Test(arguments: [nil, "InService", "Detached"] as [String?])
    func aNodeInServiceOrInNoGroupJoins(state: String?) {
        #expect(NodeGoal(notices(state), order: nil, waits: false).membership == .member(waits: false))
    }

    @Test(arguments: [
        "Standby", "Terminated", "Warmed:Stopped", "Warmed:Running", "Warmed:Hibernated",
        "Warmed:Terminated", "SomethingNew",
    ])
    func aNodeThatAutoScalingHasElsewhereNeverJoins(state: String) {
        let goal = NodeGoal(notices(state), order: nil, waits: true)
        #expect(goal.membership == .leftAlone(because: "Auto Scaling has it in \(state)"))
    }

    @Test func anOrderToLeaveComesBeforeAll() {
        let goal = NodeGoal(notices("InService"), order: DrainOrder(.byHand), waits: false)
        #expect(goal.membership == .out)
    }

    @Test(arguments: [("Terminated", true), ("Warmed:Terminated", true), ("Standby", false), ("InService", false)])
    func aTerminationIsAReasonToLeave(state: String, isOne: Bool) {
        let shutdown = NodeSettings.Shutdown()
        #expect(notices(state).isTermination == isOne)
        #expect(notices(state).reasonsToLeave(shutdown).contains(.autoScaling) == isOne)
        #expect(notices(nil).reasonsToLeave(shutdown).isEmpty)
    }

    @Test(arguments: [
        ("Standby", true), ("Warmed:Running", true), ("Warmed:Hibernated", true), ("Detached", false),
        ("SomethingNew", false),
    ])
    func aNodeThatAutoScalingTakesOutOfServiceLeavesAndMayComeBack(state: String, leaves: Bool) {
        #expect(notices(state).reasonsToLeave(NodeSettings.Shutdown()) == (leaves ? [.standby] : []))
        #expect(!DrainOrder.Reason.standby.isForGood)
    }

    @Test func onlyWhoLeavesByHandMayComeBack() {
        #expect(!DrainOrder.Reason.byHand.isForGood)
        for reason in [DrainOrder.Reason.autoScaling, .spot, .rebalance, .shutdown] { #expect(reason.isForGood) }
    }
}
