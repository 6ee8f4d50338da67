package import SystemPackage

/// A service by the name that its service manager knows it by, without a suffix: `postfix`, `nginx`.
package struct ServiceName: Sendable, Hashable, CustomStringConvertible {
    package let description: String

    package init(_ name: String) {
        self.description = name
    }
}

/// The state of a service, as its service manager reports it.
package struct ServiceState: Sendable, Equatable {
    /// Whether the service manager has a definition of it.
    package let isInstalled: Bool
    /// Whether it comes up with the system.
    package let isEnabled: Bool
    /// Whether it runs now.
    package let isActive: Bool
    /// Whether it is on its way up, or waits to be started again after a failure.
    package let isStarting: Bool
    /// Whether it is on its way down.
    package let isStopping: Bool
    /// The number of its main process, where it has one.
    package let mainProcess: Int32?
    /// The start of that process, where it was read: it distinguishes the process from a later one of the same number.
    package var mainProcessStart: String?

    package init(
        isInstalled: Bool,
        isEnabled: Bool,
        isActive: Bool,
        isStarting: Bool = false,
        isStopping: Bool = false,
        mainProcess: Int32? = nil
    ) {
        self.isInstalled = isInstalled
        self.isEnabled = isEnabled
        self.isActive = isActive
        self.isStarting = isStarting
        self.isStopping = isStopping
        self.mainProcess = mainProcess
    }

    /// A service that the manager has never heard of.
    package static let unknown = ServiceState(isInstalled: false, isEnabled: false, isActive: false)
}

/// Starts and stops services, by the system's own service manager.
///
/// Each call returns when it is done, and throws a `ServiceFailure` with the service's own last words when it fails.
package protocol ServiceManager: Sendable {
    /// The system for which services are defined here.
    var system: ServiceSystem { get }
    /// The commands that a person uses for the same orders.
    var commands: any ServiceCommands { get }
    /// The folders that change when a service is defined, enabled or disabled.
    var definitions: [FilePath] { get }
    /// The state of each service, in one question.
    func states(of services: [ServiceName]) async throws(ServiceFailure) -> [ServiceName: ServiceState]
    /// Makes the next question ask the manager, where answers are remembered.
    func forgetStates() async
    func enable(_ service: ServiceName) async throws(ServiceFailure)
    /// Keeps a service from coming up with the system, and stops it.
    func disable(_ service: ServiceName) async throws(ServiceFailure)
    func start(_ service: ServiceName) async throws(ServiceFailure)
    /// Starts a service without waiting until it is up: the service may wait for the caller.
    func startLater(_ service: ServiceName) async throws(ServiceFailure)
    func stop(_ service: ServiceName) async throws(ServiceFailure)
    /// Has a service read its files again. One that somebody has stopped meanwhile is started, which does the same.
    func reload(_ service: ServiceName) async throws(ServiceFailure)
    func restart(_ service: ServiceName) async throws(ServiceFailure)
    /// Makes the manager start a service again that it holds back after failures.
    func forgetFailures(of service: ServiceName) async throws(ServiceFailure)
    /// Whether the system is going down: then services take no orders any more.
    func isShuttingDown() async -> Bool
    /// Makes the manager read changed service definitions.
    func definitionsChanged() async throws(ServiceFailure)
    /// Makes the manager forget a service whose definition is about to go, and which is disabled already.
    func forget(_ service: ServiceName) async throws(ServiceFailure)
}

/// The default is systemd's: it keeps nothing of a disabled unit, and only systemd holds services back.
extension ServiceManager {
    package var system: ServiceSystem { .systemd }
    package var commands: any ServiceCommands { SystemdCommands() }
    package var definitions: [FilePath] { ["/etc/systemd/system"] }
    package func forget(_ service: ServiceName) async throws(ServiceFailure) {}
    package func forgetFailures(of service: ServiceName) async throws(ServiceFailure) {}
    package func forgetStates() async {}
}

/// The kinds of service definitions.
package enum ServiceSystem: Sendable {
    case systemd, systemV
}

/// A service that would not do as told.
package struct ServiceFailure: Error, Sendable, CustomStringConvertible {
    package let operation: String
    package let cause: CommandFailure
    /// The service's last lines of log, where there are any.
    package let log: String

    package init(operation: String, cause: CommandFailure, log: String = "") {
        self.operation = operation
        self.cause = cause
        self.log = log
    }

    package var description: String {
        "cannot \(operation): \(cause)" + (log.isEmpty ? "" : "\n\(log)")
    }
}
