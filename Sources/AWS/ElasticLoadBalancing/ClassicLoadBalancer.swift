package import Vocabulary

/// A classic load balancer, as far as a relay node has to know it
/// (ELB API 2012-06-01, LoadBalancerDescription).
package struct ClassicLoadBalancer: Sendable, Equatable {
    package enum Scheme: String, Sendable {
        case internetFacing = "internet-facing"
        case `internal`
    }

    package struct Listener: Sendable, Equatable {
        package let loadBalancerPort: UInt16
        package let instancePort: UInt16
        /// `TCP`, `SSL`, `HTTP` or `HTTPS`: towards the clients.
        package let loadBalancerProtocol: String
        /// The same, towards the instances.
        package let instanceProtocol: String

        package init(
            loadBalancerPort: UInt16,
            instancePort: UInt16,
            loadBalancerProtocol: String = "TCP",
            instanceProtocol: String = "TCP"
        ) {
            self.loadBalancerPort = loadBalancerPort
            self.instancePort = instancePort
            self.loadBalancerProtocol = loadBalancerProtocol
            self.instanceProtocol = instanceProtocol
        }
    }

    package let name: String
    package let scheme: Scheme
    package let vpcID: String?
    package let securityGroups: [String]
    package let listeners: [Listener]
    /// The target of the health check, such as `HTTP:80/health`.
    package let healthCheckTarget: String
    /// The name that senders use.
    package let dnsName: String
    package let availabilityZones: [String]
    package let subnets: [String]
    /// The names of the policies on each instance port. One of them may switch the PROXY protocol on.
    package let backendPolicies: [UInt16: [String]]
    /// Every instance that is registered, in service or not.
    package let instances: [InstanceID]

    package init(
        name: String,
        scheme: Scheme,
        vpcID: String?,
        securityGroups: [String],
        listeners: [Listener],
        healthCheckTarget: String,
        dnsName: String = "",
        availabilityZones: [String] = [],
        subnets: [String] = [],
        backendPolicies: [UInt16: [String]] = [:],
        instances: [InstanceID] = []
    ) {
        self.name = name
        self.scheme = scheme
        self.vpcID = vpcID
        self.securityGroups = securityGroups
        self.listeners = listeners
        self.healthCheckTarget = healthCheckTarget
        self.dnsName = dnsName
        self.availabilityZones = availabilityZones
        self.subnets = subnets
        self.backendPolicies = backendPolicies
        self.instances = instances
    }
}

/// The health of an instance as a load balancer sees it (ELB API 2012-06-01, InstanceState).
package struct InstanceHealth: Sendable, Equatable {
    package enum State: String, Sendable {
        case inService = "InService"
        case outOfService = "OutOfService"
        case unknown = "Unknown"
    }

    package let state: State
    /// `ELB`, `Instance`, or `N/A`: whose fault it is.
    package let reasonCode: String
    package let description: String

    package init(state: State, reasonCode: String, description: String) {
        self.state = state
        self.reasonCode = reasonCode
        self.description = description
    }
}

/// The part of the classic load balancers' API that a node needs.
package protocol ClassicLoadBalancing: Sendable {
    func describe(_ name: ClassicLoadBalancerName) async throws(AWSFailure) -> ClassicLoadBalancer

    /// The health of the instance; `nil` where the instance is not registered, or is being taken out.
    func health(
        of instance: InstanceID,
        in name: ClassicLoadBalancerName
    ) async throws(AWSFailure) -> InstanceHealth?

    /// Registers the instance. Registering one that is registered changes nothing.
    func register(_ instance: InstanceID, with name: ClassicLoadBalancerName) async throws(AWSFailure)

    /// Takes the instance out. One that is not registered is out already.
    func deregister(_ instance: InstanceID, from name: ClassicLoadBalancerName) async throws(AWSFailure)

    /// The instance ports on which the load balancer puts the sender's address in front of the connection, by the PROXY
    /// protocol.
    func proxyProtocolPorts(of loadBalancer: ClassicLoadBalancer) async throws(AWSFailure) -> Set<UInt16>
}
