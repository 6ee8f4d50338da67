import ArgumentParser
import RelayAgent

struct ReconcileCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reconcile",
        abstract: "Make one pass: compare the node with its wanted state, and correct the differences.",
        discussion: """
            The last line says how many changes were made, or 'nothing to do'. A second run changes nothing. A step that fails \
            does not stop the other steps. If the settings are invalid or metadata does not answer, the pass uses the last valid \
            ones, and fails.

            Exit status: 0 the node is as it should be; 1 a step failed, or the last valid settings or facts were used. With \
            --detailed-exit-status: 0 nothing to do; 2 something was changed; 1 as above.
            """
    )

    @OptionGroup var options: CommonOptions

    @Flag(help: "Exit with status 2 if something was changed.")
    var detailedExitStatus = false

    func run() async throws {
        try await Session.run(options, needsRoot: true) { session in
            let request = PassRequest(trigger: "reconcile", hasOwnSettings: session.hasOwnSettings)
            let changes = try await session.pass.converge(request).changes
            if detailedExitStatus, !changes.isEmpty { throw ExitCode(2) }
        }
    }
}
