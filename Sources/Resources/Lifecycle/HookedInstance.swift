package import AWS
package import Vocabulary

/// The way in which AWS took an answer.
package enum Reception: Sendable, Equatable {
    case taken
    /// Nobody waits for an answer, for this reason.
    case notWanted(because: String)
}

/// An instance that a lifecycle hook holds at a transition until it is told to go on.
package struct HookedInstance: Sendable {
    private let hook: LifecycleHookName
    private let instance: InstanceID
    private let transition: LifecycleTransition
    private let autoScaling: any AutoScaling
    private let pace: Duration
    private let heartbeat: Duration

    /// - Parameters:
    ///   - pace: The shortest wait before Auto Scaling is asked again; the longest is twice of it.
    ///   - heartbeat: The time between two heartbeats; a hook waits for 30 s at the shortest.
    package init(
        _ instance: InstanceID,
        hook: LifecycleHookName,
        transition: LifecycleTransition,
        autoScaling: any AutoScaling,
        pace: Duration = .milliseconds(1500),
        heartbeat: Duration = .seconds(20)
    ) {
        self.hook = hook
        self.instance = instance
        self.transition = transition
        self.autoScaling = autoScaling
        self.pace = pace
        self.heartbeat = heartbeat
    }

    /// The name that operators use: `lifecycle hook relay-terminating`.
    package var name: String { "lifecycle hook \(hook)" }

    /// Completes the hook's action once Auto Scaling waits for it.
    ///
    /// - Parameter deadline: For how long Auto Scaling's wait may take to begin.
    /// - Throws: `AWSFailure`, or `HookNotReached`.
    package func complete(
        _ result: LifecycleResult,
        by deadline: ContinuousClock.Instant
    ) async throws -> Reception {
        while true {
            guard let found = try await autoScaling.describe(instance) else {
                return .notWanted(because: "this instance is in no Auto Scaling group")
            }
            switch found.wait(of: transition) {
            case .over: return .notWanted(because: "Auto Scaling has this instance in \(found.stateForDisplay)")
            case .waiting:
                if try await autoScaling.complete(action(found.group), result) { return .taken }
                return .notWanted(
                    because: """
                        Auto Scaling has this instance in \(found.stateForDisplay), but not for an action of this hook: \
                        it is complete already, or the hook has another name
                        """
                )
            case .coming:
                guard ContinuousClock.now < deadline else { throw HookNotReached(name: name, instance: found) }
                try await Task.sleep(for: pace * Double.random(in: 1...2))
            }
        }
    }

    /// Makes the hook's action wait for as long as this runs. Cancel it to end the wait.
    ///
    /// - Parameter notice: Is told, once, what keeps it from that: the work that takes so long goes on.
    package func keepWaiting(notice: (String) -> Void) async {
        var group: String?
        var hasTold = false
        while true {
            do {
                try await Task.sleep(for: heartbeat)
            } catch {
                return
            }
            do throws(AWSFailure) {
                if group == nil, let found = try await autoScaling.describe(instance) {
                    if found.wait(of: transition) == .waiting { group = found.group }
                }
                if let group { try await autoScaling.recordHeartbeat(action(group)) }
            } catch {
                if !hasTold, !Task.isCancelled { notice("\(error)") }
                hasTold = true
            }
        }
    }

    private func action(_ group: String) -> LifecycleAction {
        LifecycleAction(hook: hook, group: group, instance: instance)
    }
}

extension AutoScalingInstance {
    fileprivate var stateForDisplay: String { lifecycleState.escapedForDisplay }
}

/// Auto Scaling did not come to wait for the instance's word in time.
package struct HookNotReached: Error, CustomStringConvertible {
    package let name: String
    package let instance: AutoScalingInstance

    package var description: String {
        """
        \(name) could not be completed: Auto Scaling group \(instance.group.escapedForDisplay) has this instance in \
        \(instance.lifecycleState.escapedForDisplay) still, and not in the wait that the hook should bring; check that \
        the group has a hook of that name for this transition ('aws autoscaling describe-lifecycle-hooks')
        """
    }
}
