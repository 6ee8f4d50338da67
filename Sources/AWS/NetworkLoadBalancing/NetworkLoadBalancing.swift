package import Vocabulary

/// The part of the network load balancers' API that a node needs.
package protocol NetworkLoadBalancing: Sendable {
    /// A target group as it is now.
    func targetGroup(_ arn: TargetGroupARN) async throws(AWSFailure) -> TargetGroup

    /// How a target group's targets are named. It can't change, and is asked for once.
    func addressing(of arn: TargetGroupARN) async throws(AWSFailure) -> TargetGroup.Addressing

    func attributes(of group: TargetGroup) async throws(AWSFailure) -> TargetGroup.Attributes

    /// What a target group thinks of a target.
    func health(of target: String, in arn: TargetGroupARN) async throws(AWSFailure) -> TargetHealth

    /// What a target group thinks of all its targets.
    func health(in arn: TargetGroupARN) async throws(AWSFailure) -> [TargetHealth]

    /// Registers a target by the group's own port. Registering one that is registered changes nothing.
    func register(_ target: String, with arn: TargetGroupARN) async throws(AWSFailure)

    /// Takes a target out. One that is not registered is out already.
    func deregister(_ target: String, from arn: TargetGroupARN) async throws(AWSFailure)

    /// The load balancers that send to a group.
    func loadBalancers(of group: TargetGroup) async throws(AWSFailure) -> [NetworkLoadBalancer]

    /// Those of them that face the internet. A scheme can't change, so each internal one is asked about once.
    func internetFacingLoadBalancers(of group: TargetGroup) async throws(AWSFailure) -> [NetworkLoadBalancer]

    func listeners(of loadBalancer: NetworkLoadBalancer) async throws(AWSFailure) -> [NetworkLoadBalancer.Listener]
}
