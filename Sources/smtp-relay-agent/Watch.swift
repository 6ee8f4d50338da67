import ArgumentParser
import RelayAgent

struct Watch: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make the node leave in time, if a timer starts the passes.",
        discussion: """
            Reads every five seconds from instance metadata whether the instance is about to end, and then makes a pass. When \
            the system shuts down, the node leaves its load balancers first. smtp-relay-agent-watch.service runs this command if \
            reconcile.resident is false.

            Exit status: 0 it was told to end; 1 it could not begin.
            """,
        shouldDisplay: false
    )

    @OptionGroup var options: CommonOptions

    @Flag(help: "Leave now if the system shuts down, and do not wait.")
    var now = false

    func run() async throws {
        try await Session.run(options, needsRoot: true, staysResident: true) { session in
            try session.gatherer.requireRelay(for: "watch")
            let watch = NoticeWatch(
                pass: session.pass,
                gatherer: session.gatherer,
                host: session.host,
                log: session.log
            )
            if now { try await watch.leaveIfShuttingDown() } else { try await watch.run() }
        }
    }
}
