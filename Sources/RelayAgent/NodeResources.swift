import AWS
package import HTTP
package import Host
package import Reconcile
package import RelayNode
import Resources
package import SMTP
import SystemPackage
import Units
package import Vocabulary

/// The host's own parts, as the node's resources use them.
package struct HostAccess: Sendable {
    package let files: FileSystem
    package let runner: any CommandRunner
    package let services: any ServiceManager
    package let packages: any PackageManager
    package let relay: any RelayProbing
    package let transport: any HTTPTransport

    package init(
        files: FileSystem,
        runner: any CommandRunner,
        services: any ServiceManager,
        packages: any PackageManager,
        relay: any RelayProbing,
        transport: any HTTPTransport
    ) {
        self.files = files
        self.runner = runner
        self.services = services
        self.packages = packages
        self.relay = relay
        self.transport = transport
    }

    /// The host that the program runs on.
    package static func live(transport: any HTTPTransport) -> HostAccess {
        let files = FileSystem()
        let runner = SubprocessRunner()
        return HostAccess(
            files: files,
            runner: runner,
            services: files.exists("/run/systemd/system") ? Systemd(runner: runner) : NoServiceManager(),
            packages: Yum(runner: runner, files: files),
            relay: RelayProbe(
                relay: SMTPServer(PostfixConfiguration.selfTestAddress, port: 25),
                selfTest: SMTPServer(PostfixConfiguration.selfTestAddress, port: PostfixConfiguration.selfTestPort)
            ),
            transport: transport
        )
    }
}

/// The parts of a relay node in the order in which each relies on those before it.
package struct NodeResources: Sendable {
    private let node: RelayNode
    private let settings: NodeSettings
    private let facts: NodeFacts
    private let host: HostAccess
    private let aws: AWSAccess
    private let log: StepLog

    package init(
        _ node: RelayNode,
        settings: NodeSettings,
        facts: NodeFacts,
        host: HostAccess,
        aws: AWSAccess,
        log: StepLog
    ) {
        self.node = node
        self.settings = settings
        self.facts = facts
        self.host = host
        self.aws = aws
        self.log = log
    }

    package var all: [any Resource] {
        let postfix = ServiceName("postfix")
        let nginx = ServiceName("nginx")
        let health = ServiceName(Units.health.name)
        let timer = ServiceName(Units.reconcileTimer.name)
        let services = ServiceBoard(manager: host.services, services: [postfix, nginx, health, timer])
        let endpoint = HTTPHealthCheck(settings.health, transport: host.transport)
        return [
            PackagesResource(
                node.packages,
                manager: host.packages,
                files: host.files,
                timeout: settings.packages.timeout,
                onWait: { log.notice("packages", "waiting for \($0)") }
            ),
            UnitFiles(Units.all, enabled: [health], running: [timer], services: services, files: host.files),
            ConfiguredService(
                PostfixService(node.postfix, runner: host.runner, relay: host.relay, files: host.files),
                services: services,
                files: host.files
            ),
            ConfiguredService(
                NginxService(node.nginx, runner: host.runner, endpoint: endpoint, files: host.files),
                services: services,
                files: host.files
            ),
            HealthEndpoint(
                verifier: NodeVerifier(probe: host.relay, selfTest: node.selfTest, files: host.files),
                publisher: health,
                file: FilePath(NginxConfiguration.healthFile),
                answer: endpoint,
                services: services,
                files: host.files
            ),
        ] + memberships
    }

    private var memberships: [any Resource] {
        let metadata = aws.metadata(settings.metadata)
        let elb = aws.elb(region: facts.region, domain: facts.servicesDomain, metadata: metadata)
        let ec2 = aws.ec2(region: facts.region, domain: facts.servicesDomain, metadata: metadata)
        return settings.loadBalancer.classic.map { name in
            ClassicMembership(
                name,
                node: ClassicMembership.Node(facts, health: settings.health),
                settings: settings.loadBalancer,
                elb: elb,
                ec2: ec2,
                notice: { log.warning("load balancer \(name)", $0) }
            )
        }
    }
}
