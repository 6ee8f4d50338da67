package import RelayNode
package import Resources
package import Vocabulary

/// A relay as the doctor examines it: its facts, its wanted state, and the ways to AWS.
package struct ExaminedNode: Sendable {
    let facts: InstanceFacts
    let settings: NodeSettings
    let node: RelayNode
    let cloud: CloudReadings
    let places: [any LoadBalancerPlace]
    let securityGroups: @Sendable () async throws -> [String]
    let readPassword: (@Sendable () async throws -> Void)?
    let readKeys: @Sendable () async -> [ExaminedSelector]

    /// - Parameters:
    ///   - places: In its load balancers.
    ///   - securityGroups: The ids of its security groups, as metadata has them.
    ///   - readPassword: Reads the smarthost's password; `nil` where there is none.
    ///   - readKeys: Reads the DKIM keys of the settings.
    package init(
        facts: InstanceFacts,
        settings: NodeSettings,
        node: RelayNode,
        cloud: CloudReadings,
        places: [any LoadBalancerPlace],
        securityGroups: @escaping @Sendable () async throws -> [String],
        readPassword: (@Sendable () async throws -> Void)?,
        readKeys: @escaping @Sendable () async -> [ExaminedSelector]
    ) {
        self.facts = facts
        self.settings = settings
        self.node = node
        self.cloud = cloud
        self.places = places
        self.securityGroups = securityGroups
        self.readPassword = readPassword
        self.readKeys = readKeys
    }
}

/// Why it is not known what a node should be.
package enum UnknownNode: Sendable {
    case settingsRefused(String)
    case metadataUnreachable(String)

    var finding: Finding {
        let why = """
            the agent does not know what this node should be: nothing repairs it, and only the host itself could be looked \
            at here
            """
        return switch self {
        case .settingsRefused(let seen): Finding(.settingsRefused, seen: seen, why: why)
        case .metadataUnreachable(let seen): Finding(.metadataUnreachable, seen: seen, why: why)
        }
    }
}
