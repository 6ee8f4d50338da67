import Vocabulary

/// A program to run, with everything that decides its behaviour.
package struct Command: Sendable, Equatable, CustomStringConvertible {
    /// An absolute path, or a name to be found in `PATH`.
    package let executable: String
    package let arguments: [String]
    /// After that long it is told to end, and then killed.
    package let timeout: Duration
    /// Whether it must not be killed half way, as a package manager must not: then only the wait for it ends.
    package let isTransaction: Bool
    /// The bytes that it may write into each of its streams. It is stopped when it writes more, unless it is a transaction.
    package let outputLimit: Int

    package init(
        _ executable: String,
        _ arguments: [String],
        timeout: Duration = .seconds(30),
        isTransaction: Bool = false,
        outputLimit: Int = CommandOutput.limit
    ) {
        self.executable = executable
        self.arguments = arguments
        self.timeout = timeout
        self.isTransaction = isTransaction
        self.outputLimit = outputLimit
    }

    /// The command as a person would type it.
    package var description: String { ([executable] + arguments).joined(separator: " ") }
}

/// The output and status of a program that ended by itself.
package struct CommandOutput: Sendable, Equatable {
    /// The largest number of bytes of a stream. No program that is run here prints as much.
    package static let limit = 8 << 20

    /// The exit status: 0 is success.
    package let status: Int32
    package let standardOutput: String
    package let standardError: String

    package init(status: Int32, standardOutput: String = "", standardError: String = "") {
        self.status = status
        self.standardOutput = standardOutput
        self.standardError = standardError
    }

    /// Both streams' last lines, for an error message.
    package func tail(_ count: Int = 12) -> String {
        let lines = (standardOutput + "\n" + standardError).split(separator: "\n")
        return lines.suffix(count).map(\.escapedForDisplay).joined(separator: "\n")
    }
}

/// Runs programs. All output is in the C locale, so that it can be told apart.
package protocol CommandRunner: Sendable {
    /// Runs a program to its end.
    ///
    /// A status other than 0 is an answer, not an error.
    func run(_ command: Command) async throws(CommandFailure) -> CommandOutput
}

extension CommandRunner {
    /// Runs a program that must succeed.
    package func runChecked(_ command: Command) async throws(CommandFailure) -> CommandOutput {
        let output = try await run(command)
        guard output.status == 0 else { throw CommandFailure(command, .status(output)) }
        return output
    }
}

/// A program that could not be run, did not end in time, or failed.
package struct CommandFailure: Error, Sendable, CustomStringConvertible {
    package enum Reason: Sendable, Equatable {
        case notFound
        case timedOut
        /// It is not waited for any more, and goes on; its process, where that is known.
        case leftRunning(Int32?)
        case killed(signal: Int32)
        case tooMuchOutput
        case status(CommandOutput)
        case notRun(String)
    }

    package let command: Command
    package let reason: Reason

    package init(_ command: Command, _ reason: Reason) {
        self.command = command
        self.reason = reason
    }

    package var description: String {
        switch reason {
        case .notFound: "\(command.executable): no such program on this host"
        case .timedOut: "'\(command)' did not end within \(command.timeout) and was stopped"
        case .leftRunning(let process):
            """
            '\(command)' is not waited for any more, and goes on\(process.map { " as process \($0)" } ?? ""): a package manager \
            that is killed leaves packages half installed; the next pass waits for it
            """
        case .killed(let signal): "'\(command)' was killed by signal \(signal)"
        case .tooMuchOutput: "'\(command)' wrote more than \(command.outputLimit) bytes and was stopped"
        case .status(let output): "'\(command)' failed with status \(output.status): \(output.tail())"
        case .notRun(let why): "'\(command)' could not be run: \(why)"
        }
    }
}
