import AWS
import AgentLog
import ArgumentParser
import CloudWatch
import Glibc
import HTTP
import Host
import RelayAgent
import Settings
import SystemPackage
import Vocabulary

/// Assembles the live parts for a command. No other place does.
struct Session {
    let environment: [String: String]
    let log: StepLog
    let host: HostAccess
    let gatherer: Gatherer
    let pass: Pass
    let launch: Launch
    /// Whether this command was given settings that the passes to come do not have.
    let hasOwnSettings: Bool
    let aws: AWSAccess
    /// The log of a resident agent, for CloudWatch.
    let lines: AgentLogBuffer

    private init(
        _ options: CommonOptions,
        environment: [String: String],
        kept: LaunchEnvironment,
        log: StepLog,
        lines: AgentLogBuffer,
        transport: HTTPClientTransport,
        staysResident: Bool
    ) {
        self.host = .live(transport: transport, variables: kept.proxies, staysResident: staysResident)
        let aws = AWSAccess(
            environment: kept.completing(environment),
            transport: transport,
            budget: RetryBudget(store: KeptRetries(files: host.files)),
            onWait: { log.notice("facts", $0) }
        )
        self.aws = aws
        self.log = log
        self.lines = lines
        self.environment = environment
        let memory = SettingsFileMemory()
        self.hasOwnSettings = options.hasOwnSettings(environment: environment, launch: kept)
        self.gatherer = Gatherer(
            sources: { [files = host.files] in
                options.sources(environment: environment, kept: kept, files: files, memory: memory)
            },
            aws: aws,
            files: host.files,
            log: log
        )
        self.pass = Pass(gatherer: gatherer, host: host, aws: aws, log: log)
        self.launch = Launch(pass: pass, gatherer: gatherer, host: host, log: log)
    }

    /// Saves the flags and variables of this command for all later passes.
    func keepLaunch(_ options: CommonOptions) throws {
        // Invalid settings are not saved; the pass reports them.
        guard gatherer.problems.isEmpty else { return }
        let named = options.configFile ?? environment[SettingKey.fileVariable]
        if let file = options.settingsFile(environment: environment, files: host.files) {
            let place = SettingsFilePlace(files: host.files)
            try place.check(FilePath(canonical(file)), isRelay: gatherer.role == .relay)
        }
        var kept = try LaunchEnvironment(files: host.files)
        kept.keep(environment: environment, flags: options.assignments, file: named.map(canonical))
        try kept.write(to: host.files)
    }

    /// Runs a command's work. An error is logged, and ends the program with status 1.
    static func run(
        _ options: CommonOptions,
        needsRoot: Bool = false,
        staysResident: Bool = false,
        takesFleet: Bool = false,
        _ body: (Session) async throws -> Void
    ) async throws {
        let environment = processEnvironment()
        let lines = AgentLogBuffer()
        let log = StepLog(
            options.logFormat,
            environment: environment,
            memory: staysResident ? NoticeMemory() : nil,
            listener: staysResident ? lines : nil
        )
        do {
            if needsRoot, geteuid() != 0 { throw NotRoot() }
            if !takesFleet, let place = try options.fleetPlace { throw NotAFile(place: place) }
            let kept = try LaunchEnvironment(files: FileSystem())
            let transport = try HTTPClientTransport(environment: kept.completing(environment))
            if let warning = transport.warning { log.warning("proxy", warning) }
            let session = Session(
                options,
                environment: environment,
                kept: kept,
                log: log,
                lines: lines,
                transport: transport,
                staysResident: staysResident
            )
            do {
                try await body(session)
            } catch {
                await session.end(transport)
                throw error
            }
            await session.end(transport)
        } catch let exit as ExitCode {
            throw exit
        } catch {
            log.failed((error as? StepFailure)?.step, "\(error)")
            throw ExitCode.failure
        }
    }
}

extension Session {
    /// Closes connections, and counts the AWS calls that no pass has counted. Only root can write the count.
    private func end(_ transport: HTTPClientTransport) async {
        await transport.shutdown()
        try? await APICallRecord(files: host.files).add(aws.tally.take())
    }
}

/// The command changes the host, or reads what is root's own.
struct NotRoot: Error, CustomStringConvertible {
    var description: String {
        // The path of sudo lacks /usr/local/bin on RHEL and its relatives.
        """
        this command changes the host, or reads what only root can read, so it must be run as root \
        (sudo \(Installation.program) ...)
        """
    }
}

/// `--config` names a place of the fleet's settings where only a file can be read.
struct NotAFile: Error, CustomStringConvertible {
    let place: FleetPlace

    var description: String {
        """
        --config \(place): only 'plan' shows settings from there; for a node to go by them, set fleet.settings = "\(place)" in \
        its file
        """
    }
}
