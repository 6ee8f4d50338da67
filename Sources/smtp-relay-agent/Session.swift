import ArgumentParser
import Glibc
import HTTP
import Host
import RelayAgent
import Settings

/// The one place where live parts are put together for a command.
struct Session {
    let environment: [String: String]
    /// Reads the settings' file anew at each call.
    let sources: @Sendable () throws -> SettingsSources
    let log: StepLog
    let host: HostAccess
    let inputs: Inputs
    let pass: Pass
    let launch: Launch
    /// How long bootstrap may take in all.
    let bootstrapTimeout: Duration

    private init(_ options: CommonOptions, environment: [String: String], log: StepLog, transport: HTTPClientTransport)
    {
        let aws = AWSAccess(environment: environment, transport: transport, onWait: { log.notice("facts", $0) })
        self.log = log
        self.environment = environment
        self.sources = { try options.sources(environment: environment) }
        self.host = .live(transport: transport)
        let readable = { @Sendable in options.readableSources(environment: environment) }
        self.inputs = Inputs(sources: sources, readable: readable, aws: aws, files: host.files, log: log)
        self.pass = Pass(inputs: inputs, host: host, aws: aws, log: log)
        self.launch = Launch(pass: pass, inputs: inputs, host: host, aws: aws, log: log)
        self.bootstrapTimeout = readable().bootstrapTimeout()
    }

    /// Runs a command's work; what it throws is told and ends the program with status 1.
    static func run(
        _ options: CommonOptions,
        needsRoot: Bool = false,
        staysResident: Bool = false,
        _ body: (Session) async throws -> Void
    ) async throws {
        let environment = processEnvironment()
        let log = StepLog(
            options.logFormat,
            environment: environment,
            memory: staysResident ? NoticeMemory() : nil
        )
        do {
            if needsRoot, geteuid() != 0 { throw NotRoot() }
            let transport = try HTTPClientTransport(environment: environment)
            do {
                try await body(Session(options, environment: environment, log: log, transport: transport))
            } catch {
                await transport.shutdown()
                throw error
            }
            await transport.shutdown()
        } catch let exit as ExitCode {
            throw exit
        } catch {
            log.failed((error as? StepFailure)?.step, "\(error)")
            throw ExitCode.failure
        }
    }
}

/// The variables that the program was started with.
private func processEnvironment() -> [String: String] {
    var variables: [String: String] = [:]
    var next = environ
    while let entry = next.pointee {
        let pair = String(cString: entry).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        if pair.count == 2 { variables[String(pair[0])] = String(pair[1]) }
        next += 1
    }
    return variables
}

/// The command changes the host, which only root may.
struct NotRoot: Error, CustomStringConvertible {
    var description: String { "this command changes the host, so it must be run as root (sudo smtp-relay-agent ...)" }
}
