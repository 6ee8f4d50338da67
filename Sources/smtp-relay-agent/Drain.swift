import ArgumentParser
import RelayAgent

struct Drain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Take this node out of its load balancers, and keep it out.",
        discussion: """
            The health check answers 503 first; when no mail comes any more, the node leaves the load balancers, and \
            hands the mail that is still queued to the other relays. It stays out over restarts and reboots, until \
            'smtp-relay-agent undrain'.

            Exit status: 0 the node is out; 1 not, or not all of the way; the next pass goes on.
            """
    )

    @OptionGroup var options: CommonOptions

    func run() async throws {
        try await Session.run(options, needsRoot: true) { session in
            try session.inputs.requireRelay(for: "drain")
            try DrainOrders(files: session.host.files).give(DrainOrder(.byHand))
            try await session.pass.converge(PassRequest(trigger: "drain"))
        }
    }
}

struct Undrain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Bring a drained node back into its load balancers.",
        discussion: """
            Exit status: 0 the node is in service again; 1 not.
            """
    )

    @OptionGroup var options: CommonOptions

    func run() async throws {
        try await Session.run(options, needsRoot: true) { session in
            try session.inputs.requireRelay(for: "undrain")
            if try !DrainOrders(files: session.host.files).withdraw() {
                session.log.notice("drain", "this node was not drained")
            }
            try await session.pass.converge(PassRequest(trigger: "undrain"))
        }
    }
}
