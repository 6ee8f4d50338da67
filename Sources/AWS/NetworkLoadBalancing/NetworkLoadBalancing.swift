package import Vocabulary

/// The part of the network load balancers' API that a node needs.
package protocol NetworkLoadBalancing: Sendable {
    /// A target group as it is now.
    func targetGroup(_ arn: TargetGroupARN) async throws(AWSFailure) -> TargetGroup

    /// The form in which a target group names its targets. It can't change, so it is read once.
    func addressing(of arn: TargetGroupARN) async throws(AWSFailure) -> TargetGroup.Addressing

    func attributes(of group: TargetGroup) async throws(AWSFailure) -> TargetGroup.Attributes

    /// The health of a target.
    func health(of target: String, in arn: TargetGroupARN) async throws(AWSFailure) -> TargetHealth

    /// The health of all targets of a group.
    func health(in arn: TargetGroupARN) async throws(AWSFailure) -> [TargetHealth]

    /// Registers a target by the group's own port. Registering one that is registered changes nothing.
    func register(_ target: String, with arn: TargetGroupARN) async throws(AWSFailure)

    /// Takes a target out. One that is not registered is out already.
    func deregister(_ target: String, from arn: TargetGroupARN) async throws(AWSFailure)

    /// The load balancers that send to a group.
    func loadBalancers(of group: TargetGroup) async throws(AWSFailure) -> [NetworkLoadBalancer]

    /// The group's load balancers that face the internet. A scheme can't change, so each internal one is asked about
    /// once.
    func internetFacingLoadBalancers(of group: TargetGroup) async throws(AWSFailure) -> [NetworkLoadBalancer]

    func listeners(of loadBalancer: NetworkLoadBalancer) async throws(AWSFailure) -> [NetworkLoadBalancer.Listener]
}
