import Glibc
import Subprocess
import SystemPackage
import Vocabulary

/// Runs programs as child processes.
package struct SubprocessRunner: CommandRunner {
    private let environment: Environment
    private let variables: [String: String]
    private let files: FileSystem

    /// - Parameters:
    ///   - variables: Variables for the programs, in addition to those of this process.
    ///   - files: Where a transaction's output is kept while it runs.
    package init(variables: [String: String] = [:], files: FileSystem = FileSystem()) {
        self.variables = variables.merging(["LC_ALL": "C", "LANG": "C"]) { $1 }
        let more = self.variables.map { (Environment.Key(stringLiteral: $0), $1) }
        self.environment = .inherit.updating(Dictionary(uniqueKeysWithValues: more))
        self.files = files
    }

    package func run(_ command: Command) async throws(CommandFailure) -> CommandOutput {
        if command.isTransaction {
            let environment = processEnvironment().merging(variables) { $1 }
            return try await Transaction(command: command, environment: environment, files: files, runner: self).run()
        }
        do {
            return try await withThrowingTaskGroup(of: CommandOutput?.self) { group in
                group.addTask { try await spawn(command) }
                group.addTask {
                    try await Task.sleep(for: command.timeout)
                    return nil
                }
                defer { group.cancelAll() }
                guard let first = try await group.next(), let output = first else {
                    throw CommandFailure(command, .timedOut)
                }
                return output
            }
        } catch let failure as CommandFailure {
            throw failure
        } catch let error as SubprocessError where error.code == .executableNotFound {
            throw CommandFailure(command, .notFound)
        } catch let error as SubprocessError where error.code == .outputLimitExceeded {
            throw CommandFailure(command, .tooMuchOutput)
        } catch {
            throw CommandFailure(command, .notRun("\(error)"))
        }
    }

    private func spawn(_ command: Command) async throws -> CommandOutput {
        var options = PlatformOptions()
        options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .seconds(3))]
        // A process group of its own keeps a terminal's Ctrl-C from reaching a package transaction half way.
        options.processGroupID = 0
        let result = try await Subprocess.run(
            executable(command.executable),
            arguments: Arguments(command.arguments),
            environment: environment,
            platformOptions: options,
            // Strings of the library are decoded byte by byte, which costs as much as the program that wrote them.
            output: .bytes(limit: command.outputLimit),
            error: .bytes(limit: command.outputLimit)
        )
        switch result.terminationStatus {
        case .exited(let status):
            return CommandOutput(
                status: status,
                standardOutput: String(decoding: result.standardOutput, as: UTF8.self),
                standardError: String(decoding: result.standardError, as: UTF8.self)
            )
        case .signaled(let signal):
            throw CommandFailure(command, .killed(signal: signal))
        }
    }

    /// The library tries each folder of `PATH` by a child process of its own, so the program is looked for first.
    private func executable(_ name: String) -> Executable {
        if name.hasPrefix("/") { return .path(FilePath(name)) }
        let folders = (variables["PATH"] ?? processEnvironment()["PATH"] ?? "").split(separator: ":")
        let programs = folders.filter { $0.hasPrefix("/") }.map { FilePath(String($0)).appending(name) }
        return programs.first(where: Self.isProgram).map { .path($0) } ?? .name(name)
    }

    private static func isProgram(_ path: FilePath) -> Bool {
        path.withPlatformString { path in
            var found = stat()
            return stat(path, &found) == 0 && found.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0
        }
    }
}
