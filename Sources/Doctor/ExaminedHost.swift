package import HTTP
package import Host
package import Reconcile
package import Resources
package import SMTP
package import Vocabulary

/// The parts of the host that the doctor uses, and the values that only a pass knows.
package struct ExaminedHost: Sendable {
    let files: FileSystem
    let runner: any CommandRunner
    let services: any ServiceManager
    let relay: any RelayProbing
    let transport: any HTTPTransport
    let healthCheck: @Sendable (UInt16, HealthPath) -> any HealthChecking
    let plan: @Sendable () async throws -> Plan
    let order: @Sendable () throws -> OrderToLeave?
    let lastPass: @Sendable () -> PassResult?
    let now: Int

    /// - Parameters:
    ///   - healthCheck: Asks nginx for the health check, by port and path.
    ///   - plan: The changes that a pass would make on the host; throws `UnplannableHost`.
    ///   - order: The order to leave that is in force.
    ///   - lastPass: The result of the last pass; `nil` where there was none.
    ///   - now: Seconds since 1970.
    package init(
        files: FileSystem,
        runner: any CommandRunner,
        services: any ServiceManager,
        relay: any RelayProbing,
        transport: any HTTPTransport,
        healthCheck: @escaping @Sendable (UInt16, HealthPath) -> any HealthChecking,
        plan: @escaping @Sendable () async throws -> Plan,
        order: @escaping @Sendable () throws -> OrderToLeave?,
        lastPass: @escaping @Sendable () -> PassResult?,
        now: Int
    ) {
        self.files = files
        self.runner = runner
        self.services = services
        self.relay = relay
        self.transport = transport
        self.healthCheck = healthCheck
        self.plan = plan
        self.order = order
        self.lastPass = lastPass
        self.now = now
    }
}

/// An order to leave the load balancers.
package struct OrderToLeave: Sendable, Equatable {
    let reason: String
    let isByHand: Bool

    /// - Parameters:
    ///   - reason: In a few words.
    ///   - isByHand: Whether a person gave it, and can take it back.
    package init(reason: String, isByHand: Bool) {
        self.reason = reason
        self.isByHand = isByHand
    }
}

/// The end of the agent's last pass.
package struct PassResult: Sendable, Equatable {
    let trigger: String
    let startedAt: Int
    let failure: String?
    let lastSuccessAt: Int?

    /// - Parameters:
    ///   - trigger: The person or event that asked for it.
    ///   - startedAt: Seconds since 1970, and so is `lastSuccessAt`.
    package init(trigger: String, startedAt: Int, failure: String?, lastSuccessAt: Int?) {
        self.trigger = trigger
        self.startedAt = startedAt
        self.failure = failure
        self.lastSuccessAt = lastSuccessAt
    }
}

/// The wanted state of the host can't be computed.
package struct UnplannableHost: Error {
    let step: String
    let cause: any Error

    package init(step: String, cause: any Error) {
        self.step = step
        self.cause = cause
    }
}
