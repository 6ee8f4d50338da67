package import AgentLog
import Host
import Reconcile
import RelayNode
import Resources
package import SystemPackage
import Units
import Vocabulary

/// Makes the host's disk the content of an image: all that a node needs and no instance differs in, and nothing of this
/// machine. Needs no metadata, no AWS and no settings.
package struct Bake: Sendable {
    private let host: HostAccess
    private let log: StepLog
    private let passwordFile: FilePath?

    /// The packages that any settings may need, so that no instance has to install anything.
    private static let packages: [RequiredPackage] = [.postfix, .nginx, .saslPlain]
    private static let services = ["postfix", "nginx"].map { ServiceName($0) }

    /// - Parameter passwordFile: The file with the smarthost's password, where the settings name one.
    package init(host: HostAccess, log: StepLog, passwordFile: FilePath? = nil) {
        self.host = host
        self.log = log
        self.passwordFile = passwordFile
    }

    /// - Returns: The content of the image.
    /// - Throws: `NotForAnImage` before anything was changed; a `StepFailure`, or a `FileFailure` of the agent's own files.
    package func run() async throws -> BakeReport {
        let lock = try await host.lockOutPasses(log)
        defer { extendLifetime(lock) }
        try await refuseNode()
        try refuseMail()
        host.warnOfUnknownSystem(log)
        try await StepFailure.inStep("packages") { try await install() }
        try await StepFailure.inStep("agent") { try await installAgent() }
        try await StepFailure.inStep("services") { try await stopServices() }
        // Traces go last, since the steps above leave traces, too.
        let cleared = try await StepFailure.inStep("traces") { try await clear() }
        return BakeReport(
            packages: Self.packages.map(\.name),
            units: Units.all(on: host.services.system).map(\.name),
            settings: try host.files.plainFiles(below: AgentTraces.settings).sorted { $0.string < $1.string },
            sharedKeys: Self.packageKeys.filter(host.files.exists),
            cleared: cleared,
            inUse: try MachineTraces(files: host.files).keptInUse().map { "\($0.path) (\($0.user) uses it)" }
        )
    }

    /// A node in service is not to be stopped by a slip, and its configuration holds the instance's address and name.
    private func refuseNode() async throws {
        let states = try await host.services.states(of: AgentTraces.units.map { ServiceName($0.name) })
        let up = states.filter { $0.value.isActive || $0.value.isStarting }.map { "\($0.key) runs" }
        let found = AgentTraces(files: host.files).ofPasses.map { "there is \($0)" } + up.sorted()
        guard found.isEmpty else { throw NotForAnImage.node(found) }
    }

    private func refuseMail() throws {
        let counts = try PostfixQueue(files: host.files).counts()
        guard counts.waiting + counts.hold == 0 else { throw NotForAnImage.mail(counts.waiting + counts.hold) }
    }

    private func install() async throws {
        let resource = PackagesResource(
            Self.packages,
            manager: host.packages,
            files: host.files,
            timeout: NodeSettings.Packages().timeout,
            onWait: { log.notice("packages", "waiting for \($0)") }
        )
        try await converge(resource)
    }

    private func installAgent() async throws {
        let started = ContinuousClock.now
        if try Installation(files: host.files).install() {
            log.done("agent", "install \(Installation.program)", after: ContinuousClock.now - started)
        }
        let names = AgentTraces.units.map { ServiceName($0.name) }
        let board = ServiceBoard(manager: host.services, services: names)
        // The unit of a pass has nothing that could be enabled.
        let enablable = names.filter { $0.description != Units.reconcileService.name }
        try await converge(
            UnitFiles(
                Units.all(on: host.services.system),
                enabled: [],
                running: [],
                stopped: enablable,
                services: board,
                files: host.files
            )
        )
    }

    /// Stops Postfix and nginx, which must not answer before the first pass has configured them: a package's own nginx
    /// says 200 to a health check for any path that it has.
    private func stopServices() async throws {
        let states = try await host.services.states(of: Self.services)
        for service in Self.services {
            guard let state = states[service], state.isEnabled || state.isActive else { continue }
            let started = ContinuousClock.now
            try await host.services.disable(service)
            log.done("services", "disable and stop \(service)", after: ContinuousClock.now - started)
        }
    }

    private func clear() async throws -> [MachineTraces.Trace] {
        _ = try? await host.runner.run(Command("yum", ["clean", "all"], timeout: .seconds(120)))
        // The journal is kept in memory from here on: later lines go with the machine. Older ones can't do that.
        _ = try? await host.runner.run(Command("journalctl", ["--relinquish-var"]))
        // cloud-init knows its own traces; versions before 0.7.9 do not know the command.
        _ = try? await host.runner.run(Command("cloud-init", ["clean", "--logs"], timeout: .seconds(60)))
        let traces = MachineTraces(files: host.files, passwordFile: passwordFile)
        let found = try traces.found()
        for trace in found {
            let started = ContinuousClock.now
            try traces.clear(trace)
            log.done("traces", "clear \(trace.name)", after: ContinuousClock.now - started)
        }
        return found
    }

    /// Keys that the packages of some systems make when they are installed.
    private static let packageKeys: [FilePath] = ["/etc/pki/tls/private/postfix.key"]

    private func converge(_ resource: any Resource) async throws {
        do throws(ReconcileFailure) {
            _ = try await Reconciler([resource]).converge { event in
                guard case .applied(let name, let changes) = event else { return }
                log.done(name, changes.map(\.summary).joined(separator: ", "), after: .zero)
            }
        } catch {
            throw error.cause
        }
    }
}

/// A host of which no image is to be made as it is.
package enum NotForAnImage: Error, Sendable, Equatable, CustomStringConvertible {
    /// The host is or was a node, as these things tell.
    case node([String])
    /// The queue of the host holds this many messages.
    case mail(Int)

    package var description: String {
        switch self {
        case .node(let found):
            """
            this host is a relay node, or was one (\(found.joined(separator: ", "))), and an image of it would carry its \
            name, its address and its place in the load balancers; nothing was changed. Bake a fresh instance; or put \
            this one back first, with 'smtp-relay-agent uninstall' of a copy of the program that is kept elsewhere
            """
        case .mail(let count):
            """
            \(count) \(count == 1 ? "message is" : "messages are") in the queue, which every instance of the image would \
            send; nothing was changed. Deliver what is queued ('postqueue -f', then 'mailq'), or discard it \
            ('postsuper -d ALL')
            """
        }
    }
}
