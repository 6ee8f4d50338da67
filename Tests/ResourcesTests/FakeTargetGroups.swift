import AWS
import Synchronization
import Vocabulary

/// A network load balancer's API: one internal load balancer with one group, of which a test changes what it is about.
/// Calls are kept.
struct FakeTargetGroups: NetworkLoadBalancing, EC2Describing {
    private final class Record: Sendable {
        let healths: Mutex<[TargetHealth]>
        let calls = Mutex<[String]>([])

        init(_ healths: [TargetHealth]) { self.healths = Mutex(healths) }
    }

    private let record: Record
    var type = TargetGroup.Addressing.TargetType.instance
    var isIPv6 = false
    var transport = "TCP"
    var port: UInt16 = 25
    var vpcID = "vpc-1"
    var healthCheck = TargetGroup.HealthCheck(protocol: "HTTP", port: "80", path: "/health")
    var attributes = TargetGroup.Attributes(preservesClientAddress: true)
    var isInternetFacing = false
    var isDualStack = false
    var isAttached = true
    var securityGroups: [String] = []
    var ingress: [SecurityGroup.Rule] = []
    /// The prefix lists that may be read.
    var lists: [String: [IPNetwork]] = [:]
    var zone = "eu-central-1a"
    var listeners: [NetworkLoadBalancer.Listener]
    /// The health of all targets.
    var members: [TargetHealth] = []

    /// - Parameter healths: The node's health at each question, in this order; the last one stays.
    init(_ healths: [TargetHealth]) throws {
        self.record = Record(healths)
        self.listeners = [NetworkLoadBalancer.Listener(port: 25, targetGroups: ["\(try Self.arn)"])]
    }

    var calls: [String] { record.calls.withLock { $0 } }

    static var arn: TargetGroupARN {
        get throws {
            try TargetGroupARN("arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/relay-25/0123abcd")
        }
    }

    private static let loadBalancer = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/net/nlb/1"

    private func called(_ call: String) { record.calls.withLock { $0.append(call) } }

    func targetGroup(_ arn: TargetGroupARN) -> TargetGroup {
        called("group")
        return TargetGroup(
            arn: arn,
            addressing: addressing(of: arn),
            protocol: transport,
            port: port,
            vpcID: vpcID,
            healthCheck: healthCheck,
            loadBalancers: isAttached ? [Self.loadBalancer] : []
        )
    }

    func addressing(of arn: TargetGroupARN) -> TargetGroup.Addressing {
        TargetGroup.Addressing(targetType: type, isIPv6: isIPv6)
    }

    func attributes(of group: TargetGroup) -> TargetGroup.Attributes {
        called("attributes")
        return attributes
    }

    func health(of target: String, in arn: TargetGroupARN) -> TargetHealth {
        called("health \(target)")
        return record.healths.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }
    }

    func health(in arn: TargetGroupARN) -> [TargetHealth] { members }

    func register(_ target: String, with arn: TargetGroupARN) { called("register \(target)") }

    func deregister(_ target: String, from arn: TargetGroupARN) { called("deregister \(target)") }

    func loadBalancers(of group: TargetGroup) -> [NetworkLoadBalancer] {
        called("load balancers")
        guard isAttached else { return [] }
        return [
            NetworkLoadBalancer(
                arn: Self.loadBalancer,
                name: "nlb",
                isInternetFacing: isInternetFacing,
                isDualStack: isDualStack,
                securityGroups: securityGroups,
                dnsName: "nlb.elb.example",
                availabilityZones: [zone]
            )
        ]
    }

    func internetFacingLoadBalancers(of group: TargetGroup) -> [NetworkLoadBalancer] {
        loadBalancers(of: group).filter(\.isInternetFacing)
    }

    func listeners(of loadBalancer: NetworkLoadBalancer) -> [NetworkLoadBalancer.Listener] {
        called("listeners")
        return listeners
    }

    func tags(of instance: InstanceID) -> [String: String] { [:] }

    func securityGroups(_ ids: [String]) -> [SecurityGroup] { ids.map { SecurityGroup(id: $0, ingress: ingress) } }

    func entries(ofPrefixList id: String) throws(AWSFailure) -> [IPNetwork] { try listed(id, lists) }
}
