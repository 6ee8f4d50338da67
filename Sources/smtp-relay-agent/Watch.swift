import ArgumentParser
import RelayAgent

struct Watch: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Wait for what has the node leave, where passes come by a timer.",
        discussion: """
            Asks instance metadata every five seconds whether the instance is to end, and makes a pass when it is. When the \
            system shuts down, the node leaves its load balancers first. It is what smtp-relay-agent-watch.service runs, with \
            reconcile.resident = false.

            Exit status: 0 it was told to end; 1 it could not begin.
            """,
        shouldDisplay: false
    )

    @OptionGroup var options: CommonOptions

    @Flag(help: "Leave now where the system shuts down, and do not wait.")
    var now = false

    func run() async throws {
        try await Session.run(options, needsRoot: true, staysResident: true) { session in
            try session.inputs.requireRelay(for: "watch")
            let watch = NoticeWatch(pass: session.pass, inputs: session.inputs, host: session.host, log: session.log)
            if now { try await watch.leaveIfShuttingDown() } else { try await watch.run() }
        }
    }
}
