import AgentLog
import Facts
package import HTTP
package import Host
import RelayNode
package import Resources
package import SMTP
import SystemPackage
import Vocabulary

/// The host's own parts, as the node's resources use them.
package struct HostAccess: Sendable {
    package let files: FileSystem
    package let runner: any CommandRunner
    package let services: any ServiceManager
    package let packages: any PackageManager
    package let relay: any RelayProbing
    package let transport: any HTTPTransport
    package let signer: any SignerProbing
    private let progress: WorkProgress

    package init(
        files: FileSystem,
        runner: any CommandRunner,
        services: any ServiceManager,
        packages: any PackageManager,
        relay: any RelayProbing,
        transport: any HTTPTransport,
        signer: any SignerProbing = NoSigner(),
        progress: WorkProgress = WorkProgress()
    ) {
        self.files = files
        self.runner = runner
        self.services = services
        self.packages = packages
        self.relay = relay
        self.transport = transport
        self.signer = signer
        self.progress = progress
    }

    /// The host that the program runs on.
    ///
    /// - Parameters:
    ///   - variables: Variables for child processes, in addition to those of this process.
    ///   - staysResident: Whether there will be many passes, most of them with nothing to do.
    package static func live(
        transport: any HTTPTransport,
        variables: [String: String] = [:],
        staysResident: Bool = false
    ) -> HostAccess {
        let files = FileSystem()
        let progress = WorkProgress()
        let runner = progress.noting(SubprocessRunner(variables: variables))
        let services = Self.services(runner: runner, files: files)
        return HostAccess(
            files: files,
            runner: runner,
            services: staysResident ? RememberedServices(services, files: files) : services,
            packages: SystemPackages(
                Yum(runner: runner, files: files),
                system: KnownSystem.named(OperatingSystem(files: files)),
                runner: runner,
                files: files
            ),
            relay: progress.noting(RelayProbe()),
            transport: transport,
            signer: SignerGreeting(),
            progress: progress
        )
    }

    /// The guard that takes the 200 from a node that is not proven.
    var healthGuard: HealthGuard {
        HealthGuard(
            file: FilePath(NginxConfiguration.healthFile),
            probe: relay,
            files: files,
            runner: runner,
            progress: progress
        )
    }

    /// Warns if the operating system is unknown. Nothing is refused for that.
    func warnOfUnknownSystem(_ log: StepLog) {
        let system = OperatingSystem(files: files)
        guard KnownSystem.named(system) == nil else { return }
        log.warning("system", "\(system.prettyName) is not a known system: the agent uses what it finds")
    }

    /// The service manager that is really there: systemd may be installed without having booted the host (sd_booted(3)).
    static func services(runner: any CommandRunner, files: FileSystem) -> any ServiceManager {
        if files.exists("/run/systemd/system") { return Systemd(runner: runner) }
        if SystemV.isPresent(in: files) { return SystemV(runner: runner, files: files) }
        return NoServiceManager()
    }
}
