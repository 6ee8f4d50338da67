/// A host without a service manager that is known, such as a container or a workstation: enough for a plan.
package struct NoServiceManager: ServiceManager {
    package init() {}

    package func states(of services: [ServiceName]) -> [ServiceName: ServiceState] { [:] }

    package func isShuttingDown() -> Bool { false }

    package func enable(_ service: ServiceName) throws(ServiceFailure) { try refuse("enable \(service)") }
    package func disable(_ service: ServiceName) throws(ServiceFailure) { try refuse("disable \(service)") }
    package func startLater(_ service: ServiceName) throws(ServiceFailure) { try refuse("start \(service)") }
    package func start(_ service: ServiceName) throws(ServiceFailure) { try refuse("start \(service)") }
    package func stop(_ service: ServiceName) throws(ServiceFailure) { try refuse("stop \(service)") }
    package func reload(_ service: ServiceName) throws(ServiceFailure) { try refuse("reload \(service)") }
    package func restart(_ service: ServiceName) throws(ServiceFailure) { try refuse("restart \(service)") }
    package func definitionsChanged() throws(ServiceFailure) { try refuse("reload unit files") }

    private func refuse(_ operation: String) throws(ServiceFailure) {
        let why =
            "this host was not booted with systemd (there is no /run/systemd/system), and has no service and chkconfig"
        throw ServiceFailure(operation: operation, cause: CommandFailure(Command("systemctl", []), .notRun(why)))
    }
}
