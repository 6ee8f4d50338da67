package import Vocabulary

/// A target group, as far as a relay node has to know it (ELB API 2015-12-01, TargetGroup).
package struct TargetGroup: Sendable, Equatable {
    /// The form in which the group names its targets: chosen when the group is made, and never changed.
    package struct Addressing: Sendable, Equatable {
        package enum TargetType: Sendable, Equatable {
            case instance
            case ip
            /// Functions and load balancers, as the API names them: such a group can have no node in it.
            case other(String)
        }

        package let targetType: TargetType
        /// Whether targets are reached by IPv6.
        package let isIPv6: Bool

        package init(targetType: TargetType, isIPv6: Bool = false) {
            self.targetType = targetType
            self.isIPv6 = isIPv6
        }
    }

    package struct HealthCheck: Sendable, Equatable {
        /// `HTTP`, `HTTPS` or `TCP`.
        package let `protocol`: String
        /// A number, or `traffic-port`: the group's own.
        package let port: String
        /// The path of a check by HTTP or HTTPS.
        package let path: String?

        package init(protocol: String, port: String, path: String?) {
            self.protocol = `protocol`
            self.port = port
            self.path = path
        }
    }

    package let arn: TargetGroupARN
    package let addressing: Addressing
    /// `TCP`, `TLS`, `UDP`, `TCP_UDP`; an application load balancer's groups have others.
    package let `protocol`: String
    package let port: UInt16
    package let vpcID: String?
    package let healthCheck: HealthCheck
    /// The ARNs of the load balancers that send to it.
    package let loadBalancers: [String]

    package init(
        arn: TargetGroupARN,
        addressing: Addressing,
        protocol: String = "TCP",
        port: UInt16,
        vpcID: String?,
        healthCheck: HealthCheck,
        loadBalancers: [String]
    ) {
        self.arn = arn
        self.addressing = addressing
        self.protocol = `protocol`
        self.port = port
        self.vpcID = vpcID
        self.healthCheck = healthCheck
        self.loadBalancers = loadBalancers
    }

    /// The attributes with which connections reach a group's targets (ELB API 2015-12-01, TargetGroupAttribute).
    package struct Attributes: Sendable, Equatable {
        /// `preserve_client_ip.enabled`: whether targets see the client's address; otherwise the load balancer's.
        package let preservesClientAddress: Bool
        /// `proxy_protocol_v2.enabled`: whether each connection begins with a header of the PROXY protocol.
        package let usesProxyProtocol: Bool

        package init(preservesClientAddress: Bool, usesProxyProtocol: Bool = false) {
            self.preservesClientAddress = preservesClientAddress
            self.usesProxyProtocol = usesProxyProtocol
        }
    }
}

/// The health of a target as its group sees it (ELB API 2015-12-01, TargetHealth).
package struct TargetHealth: Sendable, Equatable {
    /// The API's word.
    package struct State: RawRepresentable, Sendable, Hashable {
        package let rawValue: String

        package init(rawValue: String) { self.rawValue = rawValue }

        /// Being registered, or before its first checks are done.
        package static let initial = State(rawValue: "initial")
        package static let healthy = State(rawValue: "healthy")
        package static let unhealthy = State(rawValue: "unhealthy")
        /// Not registered, or registered where no load balancer uses it.
        package static let unused = State(rawValue: "unused")
        /// Deregistered, and called so for the group's deregistration delay.
        package static let draining = State(rawValue: "draining")
    }

    /// An instance's id or an address.
    package let target: String
    package let state: State
    /// The code of the reason, such as `Target.FailedHealthChecks`; empty for a healthy target.
    package let reason: String
    package let description: String

    package init(target: String, state: State, reason: String = "", description: String = "") {
        self.target = target
        self.state = state
        self.reason = reason
        self.description = description
    }

    /// Whether the group does not have the target.
    package var isNotRegistered: Bool { state == .unused && reason == "Target.NotRegistered" }
}
