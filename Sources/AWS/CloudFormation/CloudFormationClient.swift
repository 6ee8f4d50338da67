package import Vocabulary

extension ServiceEndpoint.Service {
    package static let cloudFormation = Self(name: "cloudformation", version: "2010-05-15", variable: "CLOUDFORMATION")
}

/// CloudFormation's API, over the network.
package struct CloudFormationClient: CloudFormation {
    private let client: QueryClient

    package init(_ client: QueryClient) {
        self.client = client
    }

    package func signal(
        _ resource: NodeSettings.StackResource,
        _ signal: ResourceSignal,
        from instance: InstanceID
    ) async throws(AWSFailure) -> Bool {
        let parameters = [
            ("StackName", "\(resource.stack)"), ("LogicalResourceId", "\(resource.resource)"),
            ("UniqueId", "\(instance)"), ("Status", signal.rawValue),
        ]
        return try await client.call("SignalResource", parameters) { $0.saysThatNothingWaits }
    }
}

extension AWSFailure {
    /// The API has no code of its own for it: "Stack ARN is in CREATE_COMPLETE state and cannot be signaled"
    /// (aws-cloudformation-templates#126).
    fileprivate var saysThatNothingWaits: Bool {
        guard let error, error.code == "ValidationError" else { return false }
        return ["cannot be signaled", "can not be signaled"].contains { error.message.hasSuffix($0) }
    }
}
