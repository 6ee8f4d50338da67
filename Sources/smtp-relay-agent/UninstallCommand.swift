import ArgumentParser
import RelayAgent

struct UninstallCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "uninstall",
        abstract: "Restore this host as it was before the agent.",
        discussion: """
            The node leaves its load balancers as with 'drain'. Then the agent's units, files and state are removed, the files \
            that the agent had changed are restored, and Postfix and nginx run and are enabled as they were before. The program \
            itself is removed last. Packages and /etc/smtp-relay-agent/config.toml stay.

            If the node cannot leave its load balancers, nothing is changed. If the command was killed half-way, run it again.

            Exit status: 0 the host is restored, or there was nothing to do; 1 it is not.
            """
    )

    @OptionGroup var options: CommonOptions

    @Flag(help: "Do not leave the load balancers, for example because AWS is out of reach. Health checks get 503.")
    var stayRegistered = false

    func run() async throws {
        try await Session.run(options, needsRoot: true) { session in
            let uninstall = Uninstall(pass: session.pass, host: session.host, log: session.log)
            try await uninstall.run(leaves: !stayRegistered)
        }
    }
}
