import ArgumentParser
import RelayAgent
import Resources
import Settings
import Vocabulary

struct Probe: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Prove that Postfix relays for the allowed networks, and for nobody else.",
        discussion: """
            Speaks at each door of master.cf that other hosts reach, as hosts inside and outside of the allowed \
            networks; no message is sent. An option of a door that may let strangers in fails the proof, too. On a \
            sender, it sees whether a relay answers at the load balancer.

            Exit status: 0 the relay does its job and no more; 1 it does not, or does not answer.
            """
    )

    @OptionGroup var options: CommonOptions

    @Flag(help: "Publish the result to the load balancer's health check. The health unit does, when Postfix starts.")
    var publish = false

    func run() async throws {
        try await Session.run(options, needsRoot: true) { session in
            let started = ContinuousClock.now
            switch try session.inputs.role() {
            case .relay:
                try await HealthPublication(inputs: session.inputs, host: session.host).prove(publishes: publish)
                let what = "the relay serves the allowed networks, and nobody else"
                session.log.done("health", what, after: ContinuousClock.now - started)
            case .sender(let resolved):
                let relayhost = resolved.settings.relayhost
                let address = try await RelayHostWay(relayhost, files: session.host.files).greet()
                session.log.done("relayhost", "\(relayhost) answers (\(address))", after: ContinuousClock.now - started)
            }
        }
    }
}
