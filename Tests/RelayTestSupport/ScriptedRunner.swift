package import Host
import Synchronization
import Testing

/// A command runner that runs nothing: it answers the commands that the test expects, in any order, and fails the test
/// for any other.
package final class ScriptedRunner: CommandRunner {
    private struct State {
        var answers: [String: [Result<CommandOutput, CommandFailure>]] = [:]
        var commands: [Command] = []
    }

    private let state = Mutex(State())

    package init() {}

    /// - Parameter answers: By the command as a person would type it.
    package convenience init(_ answers: [String: CommandOutput]) {
        self.init()
        for (line, output) in answers { expect(line, output) }
    }

    /// Expects a command. The last answer given for it serves all further runs too.
    package func expect(_ line: String, _ output: CommandOutput = CommandOutput(status: 0)) {
        state.withLock { $0.answers[line, default: []].append(.success(output)) }
    }

    /// Expects a command, which can't be run or does not end.
    package func expect(_ line: String, failure reason: CommandFailure.Reason) {
        let words = line.split(separator: " ").map(String.init)
        let failure = CommandFailure(Command(words.first ?? "", Array(words.dropFirst())), reason)
        state.withLock { $0.answers[line, default: []].append(.failure(failure)) }
    }

    /// The commands that were run so far.
    package var commands: [Command] { state.withLock { $0.commands } }
    /// The same, as a person would type it.
    package var lines: [String] { commands.map(\.description) }

    package func run(_ command: Command) async throws(CommandFailure) -> CommandOutput {
        let line = command.description
        let result = state.withLock { state -> Result<CommandOutput, CommandFailure>? in
            state.commands.append(command)
            guard let answers = state.answers[line], let first = answers.first else { return nil }
            if answers.count > 1 { state.answers[line] = Array(answers.dropFirst()) }
            return first
        }
        guard let result else {
            Issue.record("a command that the test did not ask for: \(line)")
            throw CommandFailure(command, .notRun("the test did not ask for it"))
        }
        return try result.get()
    }
}
