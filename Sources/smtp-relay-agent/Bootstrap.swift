import ArgumentParser
import RelayAgent

struct Bootstrap: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make this instance a relay node in service. For user-data.",
        discussion: """
            Installs this program to /usr/local/bin. Installs, configures and starts Postfix and nginx. Proves that the relay \
            serves the allowed networks and nobody else. Registers the node with its load balancers, and waits until they call \
            it in service. Starts the resident agent, which keeps the node so.

            Keeps the settings that it got as flags and variables in /etc/smtp-relay-agent/environment, for all later passes.

            If auto_scaling.launch_hook or cloudformation.stack is set, reports the result there, once. It also does so if it \
            is killed, or takes longer than bootstrap.timeout.

            Exit status: 0 the node is in service; 1 it is not, and the last lines of the log say why.
            """
    )

    @OptionGroup var options: CommonOptions

    func run() async throws {
        try await Session.run(options, needsRoot: true) { session in
            try await session.launch.run(
                timeout: session.gatherer.bootstrapTimeout,
                guardArguments: [LaunchGuard.configuration.commandName ?? ""] + options.arguments,
                prepare: { try session.keepLaunch(options) }
            )
        }
    }
}
