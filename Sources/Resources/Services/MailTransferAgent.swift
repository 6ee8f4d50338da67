package import Host
package import Reconcile
import SystemPackage

/// Postfix as the host's only mail transfer agent: the one that came with the system goes, and the ports that Postfix
/// takes mail on are free while it does not run.
///
/// On the RPM distributions the commands `sendmail` and `mailq` are `mta` of alternatives(8), which may be another's as well.
package struct MailTransferAgent: Resource {
    package let name = "mta"

    private let ports: [UInt16]
    private let rivals: [Rival]
    private let services: ServiceBoard
    private let runner: any CommandRunner
    private let files: FileSystem
    private let keep: @Sendable (MailAgentBefore) throws -> Void
    private let notice: @Sendable (String) -> Void

    /// Another agent's service that this host has.
    package struct Rival: Sendable, Equatable {
        package let service: ServiceName
        /// Whether it is only a script of System V's: systemd can't say whether such a service comes up.
        let isScript: Bool

        /// The agents sendmail and exim that have a file here, by their names on the RPM distributions and on Debian.
        package static func all(files: FileSystem) -> [Rival] {
            ["sendmail", "sm-client", "exim", "exim4"].compactMap { name in
                let isUnit = folders.contains { files.exists($0.appending("\(name).service")) }
                guard isUnit || files.exists(scripts.appending(name)) else { return nil }
                return Rival(service: ServiceName(name), isScript: !isUnit)
            }
        }

        private static let folders: [FilePath] = [
            "/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system",
        ]
        private static let scripts: FilePath = "/etc/init.d"
    }

    /// - Parameters:
    ///   - ports: Those that Postfix takes mail on.
    ///   - services: Is asked about Postfix and these rivals.
    ///   - keep: Takes down how those were that are about to be taken away.
    ///   - notice: Is told of mail that they leave.
    package init(
        ports: [UInt16],
        rivals: [Rival],
        services: ServiceBoard,
        runner: any CommandRunner,
        files: FileSystem,
        keep: @escaping @Sendable (MailAgentBefore) throws -> Void,
        notice: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.ports = ports
        self.rivals = rivals
        self.services = services
        self.runner = runner
        self.files = files
        self.keep = keep
        self.notice = notice
    }

    package func check() async throws -> Check {
        var unwanted: [ServiceName] = []
        var before = MailAgentBefore()
        for rival in rivals where try await isUp(rival) {
            unwanted.append(rival.service)
            before.services["\(rival.service)"] = ServiceBefore(
                isEnabled: try await comesUp(rival),
                isActive: try await services.state(of: rival.service).isActive
            )
        }
        let alternative = wrongAlternative()
        var changes = unwanted.map { Change(.service, "stop and disable \($0): Postfix is to have its port") }
        if let alternative { changes.append(Change(.file, "have alternatives' mta be \(alternative)")) }
        if alternative != nil { before.alternative = MailAlternative(files: files).current() }
        let stray = try await StrayPostfix(services: services, runner: runner, files: files).check()
        if case .drifted(let drift) = stray { changes += drift.changes }
        guard !changes.isEmpty else {
            try await expectFreePorts()
            return .inSync
        }
        return .drifted(
            Drift(changes) { [unwanted, before] in
                if before != MailAgentBefore() { try keep(before) }
                let queues = RivalQueues(runner: runner, files: files)
                // While their own services still take what they hand over.
                if !unwanted.isEmpty { await queues.flush() }
                try await services.change { manager in
                    for service in unwanted { try await manager.disable(service) }
                }
                if !unwanted.isEmpty { queues.remainders().forEach(notice) }
                if let alternative { _ = try await runner.runChecked(MailAlternative.setting(alternative)) }
                if case .drifted(let drift) = stray { try await drift.apply() }
                try await expectFreePorts()
            }
        )
    }

    /// Whether it runs, or comes up with the system.
    private func isUp(_ rival: Rival) async throws -> Bool {
        let state = try await services.state(of: rival.service)
        guard state.isInstalled else { return false }
        if state.isActive || state.isStarting { return true }
        return try await comesUp(rival)
    }

    /// Whether it comes up with the system.
    private func comesUp(_ rival: Rival) async throws -> Bool {
        rival.isScript ? isLinked(rival.service) : try await services.state(of: rival.service).isEnabled
    }

    /// Whether a script of System V's is started at boot.
    private func isLinked(_ service: ServiceName) -> Bool {
        let links = (try? files.names(in: "/etc/rc3.d")) ?? []
        return links.contains { $0.first == "S" && $0.dropFirst(3) == service.description }
    }

    // Alternatives

    /// Postfix's own program where `mta` is another's; `nil` where nothing is to be done.
    private func wrongAlternative() -> FilePath? {
        guard let target = files.linkTarget(of: MailAlternative.link), files.isExecutable(MailAlternative.tool),
            !target.hasSuffix("/\(Self.sendmail)")
        else { return nil }
        return Self.folders.map { $0.appending(Self.sendmail) }.first(where: files.exists)
    }

    private static let sendmail = "sendmail.postfix"
    private static let folders: [FilePath] = ["/usr/sbin", "/usr/bin"]

    // Ports

    /// Throws if another process holds a port of Postfix's, where Postfix is to be started. While Postfix runs, it
    /// holds them itself.
    private func expectFreePorts() async throws {
        let postfix = try await services.state(of: ServiceName("postfix"))
        guard postfix.isInstalled, !postfix.isActive, !postfix.isStarting else { return }
        let deadline = Waiting.now + Self.patience
        while let holder = strangers().first {
            guard Waiting.now < deadline else { throw taken(holder) }
            try await Waiting.sleep(for: .milliseconds(100))
        }
    }

    private func taken(_ holder: PortHolder) -> PortTaken {
        PortTaken(service: ServiceName("postfix"), holder: holder, commands: services.commands)
    }

    /// A Postfix that is ending lets go of its ports by itself.
    private func strangers() -> [PortHolder] {
        PortHolders(files: files).holders(of: ports).filter { !["smtpd", "postscreen"].contains($0.program) }
    }

    /// The time for a process that is about to end.
    private static let patience: Duration = .seconds(3)
}
