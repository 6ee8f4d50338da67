import AgentLog
import ArgumentParser
import RelayAgent
import Resources

struct Drain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Take this node out of its load balancers, and keep it out.",
        discussion: """
            The health check answers 503. When the load balancers send no more mail, the node leaves them and closes its \
            doors. Then it delivers its queued mail, or hands it to the other relays, for as long as shutdown.drain_timeout \
            allows. The node stays out over restarts and reboots until 'smtp-relay-agent undrain', which also ends a drain that \
            is not finished.

            Exit status: 0 the node is out, and its queue is empty; 1 it is not, and the last line says why.
            """
    )

    @OptionGroup var options: CommonOptions

    func run() async throws {
        try await Session.run(options, needsRoot: true) { session in
            try session.gatherer.requireRelay(for: "drain")
            let orders = DrainOrders(files: session.host.files)
            try orders.give(DrainOrder(.byHand))
            do {
                try await session.pass.converge(PassRequest(trigger: "drain")).requireEmptyQueue()
            } catch let failure as StepFailure {
                // Settings or metadata that could not be read have kept nobody from leaving: the last good ones counted.
                guard failure.isInTheWay, try orders.current()?.hasLeftEmpty == true else { throw failure }
                session.log.warning(failure.step, "\(failure)")
            }
        }
    }
}

struct Undrain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Bring a drained node back into its load balancers.",
        discussion: """
            Exit status: 0 the node is in service again; 1 it is not, and the last line says why.
            """
    )

    @OptionGroup var options: CommonOptions

    func run() async throws {
        try await Session.run(options, needsRoot: true) { session in
            try session.gatherer.requireRelay(for: "undrain")
            if try await !DrainOrders(files: session.host.files).withdraw() {
                session.log.notice("drain", "this node was not drained")
            }
            try await session.pass.converge(PassRequest(trigger: "undrain")).requireService()
        }
    }
}
