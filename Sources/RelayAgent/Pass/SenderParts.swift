import AgentLog
import Host
import Reconcile
import RelayNode
import Resources
import Units
import Vocabulary

/// The parts of a host that sends: Postfix with its relayhost, and the agent that keeps it so. It is in no load balancer.
struct SenderParts: Sendable {
    let postfix: SenderPostfix
    let settings: SenderSettings
    let host: HostAccess
    let log: StepLog
    let services: ServiceBoard

    private static let agent = ServiceName(Units.agent.name)
    private static let timer = ServiceName(Units.reconcileTimer.name)

    init(_ settings: SenderSettings, authorities: String, host: HostAccess, log: StepLog) {
        self.postfix = SenderPostfix(settings, authorities: authorities)
        self.settings = settings
        self.host = host
        self.log = log
        self.services = ServiceBoard(
            manager: host.services,
            services: [ServiceName("postfix"), Self.timer, Self.agent]
        )
    }

    var base: [any Resource] {
        let isResident = settings.reconcile.resident
        return [
            OwnFolders(files: host.files),
            SecurityLabels(files: host.files, runner: host.runner, warn: { log.warning("selinux", $0) }).resource,
            PackagesResource(
                [.postfix],
                manager: host.packages,
                files: host.files,
                timeout: settings.packages.timeout,
                onWait: { log.notice("packages", "waiting for \($0)") }
            ),
            UnitFiles(
                Units.ofSender(on: host.services.system),
                enabled: [],
                running: [isResident ? Self.agent : Self.timer],
                stopped: [isResident ? Self.timer : Self.agent],
                services: services,
                files: host.files
            ),
            StrayPostfix(services: services, runner: host.runner, files: host.files),
            service,
        ]
    }

    var service: ConfiguredService {
        ConfiguredService(
            SenderPostfixService(postfix, runner: host.runner, files: host.files),
            services: services,
            files: host.files
        )
    }
}
