package import Vocabulary

/// The signal to a stack's resource about an instance.
package enum ResourceSignal: String, Sendable, Equatable, Codable {
    case success = "SUCCESS"
    case failure = "FAILURE"
}

/// The part of CloudFormation's API that a node needs.
package protocol CloudFormation: Sendable {
    /// Tells a resource that waits for its instances how this one has done; its id makes the signal unique.
    ///
    /// - Returns: Whether the stack was waiting; `false` where it is complete, as when its group launches another instance
    ///   later.
    func signal(
        _ resource: NodeSettings.StackResource,
        _ signal: ResourceSignal,
        from instance: InstanceID
    ) async throws(AWSFailure) -> Bool
}
