import ArgumentParser
import CloudWatch
import Host
import RelayAgent

struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Stay resident: repair changes, watch the instance, stay in the load balancers.",
        discussion: """
            Makes a pass every reconcile.interval. Makes a pass at once when a managed file or anything in /etc/postfix \
            changes, when Postfix loads its files, when Postfix or nginx ends, when instance metadata announces something, and \
            at SIGHUP. If the relay is not proven a few seconds after such a change, the health check answers 503 until it \
            is. When the system shuts down, the node leaves its load balancers first. smtp-relay-agent.service runs this \
            command.

            Exit status: 0 the agent was told to end; 1 it could not begin.
            """
    )

    @OptionGroup var options: CommonOptions

    func run() async throws {
        try await Session.run(options, needsRoot: true, staysResident: true) { session in
            let resident = Resident(
                pass: session.pass,
                gatherer: session.gatherer,
                host: session.host,
                notifier: ServiceNotifier(environment: session.environment),
                cloudWatch: CloudWatchExport(
                    gatherer: session.gatherer,
                    files: session.host.files,
                    lines: session.lines,
                    log: session.log
                ),
                log: session.log
            )
            try await resident.run()
        }
    }
}
