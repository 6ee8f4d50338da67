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

        package init(loadBalancerPort: UInt16, instancePort: UInt16) {
            self.loadBalancerPort = loadBalancerPort
            self.instancePort = instancePort
        }
    }

    package let name: String
    package let scheme: Scheme
    package let vpcID: String?
    package let securityGroups: [String]
    package let listeners: [Listener]
    /// Such as `HTTP:80/health`.
    package let healthCheckTarget: String

    package init(
        name: String,
        scheme: Scheme,
        vpcID: String?,
        securityGroups: [String],
        listeners: [Listener],
        healthCheckTarget: String
    ) {
        self.name = name
        self.scheme = scheme
        self.vpcID = vpcID
        self.securityGroups = securityGroups
        self.listeners = listeners
        self.healthCheckTarget = healthCheckTarget
    }
}

/// What a load balancer thinks of an instance (ELB API 2012-06-01, InstanceState).
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

    /// What the load balancer thinks of the instance; `nil` where it is not registered.
    func health(
        of instance: InstanceID,
        in name: ClassicLoadBalancerName
    ) async throws(AWSFailure) -> InstanceHealth?

    /// Registers the instance. Registering one that is registered changes nothing.
    func register(_ instance: InstanceID, with name: ClassicLoadBalancerName) async throws(AWSFailure)
}
