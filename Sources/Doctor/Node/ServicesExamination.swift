import Host
import Units

/// Whether the node's services run, and come up with the system.
struct ServicesExamination: Examination {
    let name = "services"
    let isCheap = true
    let services: any ServiceManager
    let expected: [ServiceName]
    /// Why it matters where one that mail needs is down; `nil` where it is as on a relay.
    let why: String?

    init(services: any ServiceManager, expected: [ServiceName], why: String?) {
        self.services = services
        self.expected = expected
        self.why = why
    }

    /// The services of a relay.
    ///
    /// - Parameter isResident: Whether the agent stays resident; `nil` where the settings are not known.
    init(services: any ServiceManager, isResident: Bool?) {
        let agent = isResident.map { ServiceName($0 ? Units.agent.name : Units.reconcileTimer.name) }
        self.init(
            services: services,
            expected: [ServiceName("postfix"), ServiceName("nginx"), ServiceName(Units.health.name)]
                + [agent].compactMap(\.self),
            why: nil
        )
    }

    func findings() async throws -> [Finding] {
        Self.judge(try await services.states(of: expected), expected, why: why, services.commands)
    }

    static func judge(
        _ states: [ServiceName: ServiceState],
        _ expected: [ServiceName],
        why: String?,
        _ commands: any ServiceCommands
    ) -> [Finding] {
        expected.flatMap { service -> [Finding] in
            let state = states[service] ?? .unknown
            if !state.isActive {
                // The agent is up when its first pass has ended: until then it is on its way, and not down.
                return isAgent(service) && state.isStarting ? [] : [down(service, state, why, commands)]
            }
            return state.isEnabled ? [] : [notEnabled(service, commands)]
        }
    }

    private static func isAgent(_ service: ServiceName) -> Bool {
        [Units.agent.name, Units.reconcileTimer.name].contains(service.description)
    }

    private static func down(
        _ service: ServiceName,
        _ state: ServiceState,
        _ why: String?,
        _ commands: any ServiceCommands
    ) -> Finding {
        let isAgent = isAgent(service)
        return Finding(
            isAgent ? .agentDown : .serviceDown,
            of: "\(service)",
            seen: "\(commands.name(of: service)) \(state.isInstalled ? "does not run" : "is not installed")",
            why: isAgent ? nil : why,
            fix: state.isInstalled
                ? "\(commands.enableAndStart(service)); \(commands.log(of: service))" : "smtp-relay-agent reconcile"
        )
    }

    private static func notEnabled(_ service: ServiceName, _ commands: any ServiceCommands) -> Finding {
        Finding(
            .serviceNotEnabled,
            of: "\(service)",
            seen: "\(commands.name(of: service)) runs, but does not come up with the system",
            fix: commands.enable(service)
        )
    }
}
