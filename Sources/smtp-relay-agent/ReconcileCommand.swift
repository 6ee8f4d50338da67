import ArgumentParser
import RelayAgent

struct ReconcileCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reconcile",
        abstract: "Compare the node with what it should be, put right what differs, and exit.",
        discussion: """
            Its last line says what was done: 'nothing to do', or how many changes were made. A second run changes \
            nothing.

            Exit status: 0 the node is as it should be; 1 it could not be put right. With --detailed-exit-status: \
            0 nothing was to do; 2 something was put right; 1 it could not be.
            """
    )

    @OptionGroup var options: CommonOptions

    @Flag(help: "Exit with status 2 where something had to be put right.")
    var detailedExitStatus = false

    func run() async throws {
        try await Session.run(options, needsRoot: true) { session in
            let changes = try await session.pass.converge(PassRequest(trigger: "reconcile")).changes
            if detailedExitStatus, !changes.isEmpty { throw ExitCode(2) }
        }
    }
}
