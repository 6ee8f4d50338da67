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

            Where auto_scaling.launch_hook or cloudformation.stack is set, these are told how it ended, once, also \
            when it is killed or takes longer than bootstrap.timeout.

            Exit status: 0 the node is in service; 1 it is not, and the log's last lines say why.
            """
    )

    @OptionGroup var options: CommonOptions

    func run() async throws {
        try await Session.run(options, needsRoot: true) { session in
            try await session.launch.run(
                timeout: session.bootstrapTimeout,
                guardArguments: [LaunchGuard.configuration.commandName ?? ""] + options.arguments,
                prepare: { try session.keepLaunch(options) }
            )
        }
    }
}
