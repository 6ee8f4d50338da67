import HTTP
import Host
import RelayNode
import RelayTestSupport
import SMTP
import Synchronization

@testable import RelayAgent

extension HostAccess {
    /// A host of which a test decides what there is; nothing answers that it does not name.
    static func fake(
        files: FileSystem,
        runner: any CommandRunner = ScriptedRunner(),
        services: any ServiceManager = NoServiceManager(),
        packages: any PackageManager = NoPackages()
    ) -> HostAccess {
        HostAccess(
            files: files,
            runner: runner,
            services: services,
            packages: packages,
            relay: RelayProbe(),
            transport: ScriptedTransport()
        )
    }
}

/// Services that do as told, and keep what they were told.
final class ObedientServices: ServiceManager {
    private let state: Mutex<(states: [ServiceName: ServiceState], told: [String])>

    let system: ServiceSystem

    init(_ states: [ServiceName: ServiceState] = [:], system: ServiceSystem = .systemd) {
        self.state = Mutex((states, []))
        self.system = system
    }

    var told: [String] { state.withLock { $0.told } }

    func states(of services: [ServiceName]) -> [ServiceName: ServiceState] {
        state.withLock { $0.states.filter { services.contains($0.key) } }
    }
    func enable(_ service: ServiceName) { tell("enable", service, isEnabled: true) }
    func disable(_ service: ServiceName) { tell("disable", service, isEnabled: false, isActive: false) }
    func start(_ service: ServiceName) { tell("start", service, isActive: true) }
    func startLater(_ service: ServiceName) { tell("start", service, isActive: true) }
    func stop(_ service: ServiceName) { tell("stop", service, isActive: false) }
    func reload(_ service: ServiceName) { tell("reload", service) }
    func restart(_ service: ServiceName) { tell("restart", service, isActive: true) }
    func forget(_ service: ServiceName) { tell("forget", service) }
    func isShuttingDown() -> Bool { false }
    func definitionsChanged() { state.withLock { $0.told.append("daemon-reload") } }

    private func tell(_ verb: String, _ service: ServiceName, isEnabled: Bool? = nil, isActive: Bool? = nil) {
        state.withLock { state in
            state.told.append("\(verb) \(service)")
            let before = state.states[service] ?? .unknown
            state.states[service] = ServiceState(
                isInstalled: true,
                isEnabled: isEnabled ?? before.isEnabled,
                isActive: isActive ?? before.isActive
            )
        }
    }
}

/// A package manager that nobody is to ask.
struct NoPackages: PackageManager {
    func install(
        _ packages: [String],
        timeout: Duration,
        onWait: @Sendable (String) -> Void
    ) async throws(PackageFailure) {
        throw PackageFailure(command: Command("yum", packages), reason: .other, output: "not here", waited: .zero)
    }
}
