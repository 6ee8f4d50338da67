package import Vocabulary

/// An instance of a group, as Auto Scaling describes it (Auto Scaling API 2011-01-01, AutoScalingInstanceDetails).
package struct AutoScalingInstance: Sendable, Equatable {
    /// The group's name.
    package let group: String
    /// `Pending:Wait`, `InService`, `Warmed:Pending`, `Terminating:Proceed` and so on.
    package let lifecycleState: String

    package init(group: String, lifecycleState: String) {
        self.group = group
        self.lifecycleState = lifecycleState
    }

    /// The state of the lifecycle hooks' wait that a transition of the instance causes.
    package func wait(of transition: LifecycleTransition) -> LifecycleWait {
        // In a warm pool the same hooks hold the instance, in states of the same names.
        let state = lifecycleState.hasPrefix("Warmed:") ? lifecycleState.dropFirst(7) : lifecycleState[...]
        let words = state.split(separator: ":")
        switch (transition, words.first) {
        case (.launch, "Pending"), (.termination, "Terminating"):
            return words.count == 1 ? .coming : words[1] == "Wait" ? .waiting : .over
        case (.termination, "Terminated"): return .over
        // Metadata may tell of the termination before the API does.
        case (.termination, _): return .coming
        case (.launch, _): return .over
        }
    }
}

/// The transition at which a lifecycle hook holds an instance.
package enum LifecycleTransition: Sendable {
    case launch
    case termination
}

/// The state of a hook's wait.
package enum LifecycleWait: Sendable {
    case coming
    /// Auto Scaling waits now.
    case waiting
    /// Nothing waits any more.
    case over
}

/// The result with which a lifecycle action is completed.
package enum LifecycleResult: String, Sendable, Equatable, Codable {
    case proceed = "CONTINUE"
    case abandon = "ABANDON"
}

/// A lifecycle action that waits for the word of an instance: a hook of its group, at one transition of this instance.
/// The instance's own id stands in place of a token.
package struct LifecycleAction: Sendable, Equatable {
    package let hook: LifecycleHookName
    package let group: String
    package let instance: InstanceID

    package init(hook: LifecycleHookName, group: String, instance: InstanceID) {
        self.hook = hook
        self.group = group
        self.instance = instance
    }
}

/// The part of Auto Scaling's API that a node needs.
package protocol AutoScaling: Sendable {
    /// The instance in Auto Scaling; `nil` where it is in no group.
    func describe(_ instance: InstanceID) async throws(AWSFailure) -> AutoScalingInstance?

    /// Makes the action wait for its whole time-out again. One that does not wait any more needs none.
    func recordHeartbeat(_ action: LifecycleAction) async throws(AWSFailure)

    /// Ends the wait.
    ///
    /// - Returns: Whether the action was waiting; `false` where it is complete already, or the hook is none of the group's.
    func complete(_ action: LifecycleAction, _ result: LifecycleResult) async throws(AWSFailure) -> Bool
}
