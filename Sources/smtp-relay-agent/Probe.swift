import AgentLog
import ArgumentParser
import RelayAgent
import Resources
import Settings
import Vocabulary

struct Probe: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Prove that Postfix relays for the allowed networks and for nobody else.",
        discussion: """
            Connects to each door: a listener of master.cf that other hosts can reach. Takes the role of hosts inside and \
            outside of the allowed networks. Sends no message. An option of a door that may let strangers in fails the proof, \
            too. On a sender, checks whether a relay answers at the load balancer.

            Exit status: 0 the relay serves the allowed networks and nobody else; 1 it does not, or does not answer.
            """
    )

    @OptionGroup var options: CommonOptions

    @Flag(help: "Publish the result to the health check. The health unit uses this when Postfix starts.")
    var publish = false

    func run() async throws {
        try await Session.run(options, needsRoot: true) { session in
            let started = ContinuousClock.now
            if session.gatherer.role == .relay {
                try await HealthPublication(gatherer: session.gatherer, host: session.host).prove(publishes: publish)
                let what = "the relay serves the allowed networks, and nobody else"
                return session.log.done("health", what, after: ContinuousClock.now - started)
            }
            guard case .sender(let resolved) = try await session.gatherer.settings().0 else { return }
            let relayhost = resolved.settings.relayhost
            let address = try await RelayHostWay(relayhost, files: session.host.files).greet()
            session.log.done("relayhost", "\(relayhost) answers (\(address))", after: ContinuousClock.now - started)
        }
    }
}
