import ArgumentParser
import RelayAgent

struct ReconcileCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reconcile",
        abstract: "Compare the node with what it should be, put right what differs, and exit.",
        discussion: """
            Its last line says what was done: 'nothing to do', or how many changes were made. A second run changes \
            nothing. A step that fails stops no other. Where settings or metadata are in the way, the pass goes by the \
            last good ones, and fails.

            Exit status: 0 the node is as it should be; 1 it could not be put right, or something was in the way. With \
            --detailed-exit-status: 0 nothing was to do; 2 something was put right; 1 as above.
            """
    )

    @OptionGroup var options: CommonOptions

    @Flag(help: "Exit with status 2 where something had to be put right.")
    var detailedExitStatus = false

    func run() async throws {
        try await Session.run(options, needsRoot: true) { session in
            let request = PassRequest(trigger: "reconcile", hasOwnSettings: session.hasOwnSettings)
            let changes = try await session.pass.converge(request).changes
            if detailedExitStatus, !changes.isEmpty { throw ExitCode(2) }
        }
    }
}
