import ArgumentParser
import Host
import RelayAgent

/// What `bootstrap` starts, to answer in its place should it be killed.
struct LaunchGuard: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "launch-guard",
        abstract: "Answer in place of a bootstrap that was killed. Only bootstrap starts this command.",
        shouldDisplay: false
    )

    @OptionGroup var options: CommonOptions

    func run() async throws {
        guard let hasOutlived = Companion.hasOutlived() else {
            throw ValidationError("only bootstrap starts this command")
        }
        guard hasOutlived else { return }
        try await Session.run(options, needsRoot: true) { session in
            try await session.launch.answerForTheDead()
        }
    }
}
