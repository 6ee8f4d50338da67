import ArgumentParser
import RelayAgent

struct Bootstrap: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make this instance a relay node, from nothing to in service. For user-data.",
        discussion: """
            Installs this program to /usr/local/bin, installs Postfix and nginx, configures and starts them, proves \
            that the relay serves the allowed networks and nobody else, registers with the load balancers, waits \
            until they call the node in service, and starts the resident agent that keeps it so.

            Settings given as flags and variables are kept in /etc/smtp-relay-agent/environment for all later passes.

            Exit status: 0 the node is in service; 1 it is not, and the log's last lines say why.
            """
    )

    @OptionGroup var options: CommonOptions

    func run() async throws {
        try await Session.run(options, needsRoot: true) { session in
            let started = ContinuousClock.now
            if try Installation(files: session.host.files).install() {
                session.log.done("agent", "install \(Installation.program)", after: ContinuousClock.now - started)
            }
            try session.keepLaunch(options)
            try await session.pass.converge(PassRequest(trigger: "bootstrap", showsDiffs: false))
        }
    }
}
