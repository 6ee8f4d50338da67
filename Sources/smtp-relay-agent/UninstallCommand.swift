import ArgumentParser
import RelayAgent

struct UninstallCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "uninstall",
        abstract: "Put this host back to what it was before the agent.",
        discussion: """
            The node leaves its load balancers as with 'drain'. Then the agent's units, files and state go, the files \
            that it had changed are restored, Postfix and nginx run and are enabled as they were before, and last of \
            all the program goes. Packages stay installed, and so does /etc/smtp-relay-agent/config.toml.

            Where the load balancers can't be left, nothing is changed. Killed half-way, it finishes when it is run again.

            Exit status: 0 it is done, or there was nothing to do; 1 not.
            """
    )

    @OptionGroup var options: CommonOptions

    @Flag(help: "Do not leave the load balancers, as where AWS can't be reached; their health checks get 503.")
    var stayRegistered = false

    func run() async throws {
        try await Session.run(options, needsRoot: true) { session in
            let uninstall = Uninstall(pass: session.pass, host: session.host, log: session.log)
            try await uninstall.run(leaves: !stayRegistered)
        }
    }
}
