package import Vocabulary

extension ServiceEndpoint.Service {
    package static let autoScaling = Self(name: "autoscaling", version: "2011-01-01", variable: "AUTO_SCALING")
}

/// Auto Scaling's API, over the network.
package struct AutoScalingClient: AutoScaling {
    private let client: QueryClient

    package init(_ client: QueryClient) {
        self.client = client
    }

    package func describe(_ instance: InstanceID) async throws(AWSFailure) -> AutoScalingInstance? {
        let answer = try await client.call("DescribeAutoScalingInstances", [("InstanceIds.member.1", "\(instance)")])
        let found = (answer["DescribeAutoScalingInstancesResult"]?.list("AutoScalingInstances") ?? [])
            .first { $0.value("InstanceId") == "\(instance)" }
        guard let found else { return nil }
        guard let group = found.value("AutoScalingGroupName"), let state = found.value("LifecycleState") else {
            throw AWSFailure(
                action: "autoscaling:DescribeAutoScalingInstances",
                reason: .unreadable("an instance without a group or a state")
            )
        }
        return AutoScalingInstance(group: group, lifecycleState: state)
    }

    package func recordHeartbeat(_ action: LifecycleAction) async throws(AWSFailure) {
        let parameters = Self.parameters(action)
        _ = try await client.call("RecordLifecycleActionHeartbeat", parameters) { $0.saysThatNothingWaits }
    }

    package func complete(_ action: LifecycleAction, _ result: LifecycleResult) async throws(AWSFailure) -> Bool {
        let parameters = Self.parameters(action) + [("LifecycleActionResult", result.rawValue)]
        return try await client.call("CompleteLifecycleAction", parameters) { $0.saysThatNothingWaits }
    }

    private static func parameters(_ action: LifecycleAction) -> [(String, String)] {
        [
            ("AutoScalingGroupName", action.group), ("LifecycleHookName", "\(action.hook)"),
            ("InstanceId", "\(action.instance)"),
        ]
    }
}

extension AWSFailure {
    /// The API has no code of its own for it (spacelift-io/terraform-aws-spacelift-workerpool-on-ec2 PR #197 and others
    /// have its words).
    fileprivate var saysThatNothingWaits: Bool {
        error.map { $0.code == "ValidationError" && $0.message.hasPrefix("No active Lifecycle Action found") } ?? false
    }
}
