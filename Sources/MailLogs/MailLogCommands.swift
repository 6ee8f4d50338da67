import Host
import SystemPackage
import Vocabulary

/// Reads lines of a log by the host's own programs: they are quick, and unpack what was rotated.
struct MailLogCommands: Sendable {
    let runner: any CommandRunner
    let files: FileSystem
    /// Seconds since 1970.
    let now: Int

    /// Bytes; less than the output of a command may have (CommandOutput.limit).
    static let limit = 8_000_000

    /// The lines that have one of some texts, in any case.
    ///
    /// - Returns: The lines, and whether there were so many that older ones are missing.
    func lines(of source: MailLogSource, with texts: [String]) async throws -> ([Substring], isCut: Bool) {
        let script = "texts=$1; shift; \"$@\" | grep -aiF -e \"$texts\" | tail -c \(Self.limit)"
        // grep takes each line of a pattern as one of its own.
        let pattern = texts.joined(separator: "\n")
        let command = Command("sh", ["-c", script, "sh", pattern] + source.printing, timeout: .seconds(300))
        let output = try await runner.runChecked(command).standardOutput
        return (output.split(separator: "\n"), output.utf8.count >= Self.limit)
    }

    /// The time of the newest line of Postfix's, among the last; `nil` where there is none.
    func newest(in source: MailLogSource, _ name: PostfixName) async -> Int? {
        func newest(_ command: Command) async -> Int? {
            let lines = (try? await lines(command)) ?? []
            let line = lines.last { MailLogEntry.isPostfix($0, name) }
            return line.flatMap { SyslogTime.seconds(of: $0, now: now) }
        }
        switch source {
        case .journal:
            return await newest(Command("journalctl", MailLogSource.journalCommand.dropFirst() + ["-n", "100"]))
        case .files(let paths):
            for path in paths.suffix(2).reversed() {
                if let time = await newest(Command("tail", ["-n", "1000", path.string])) { return time }
            }
            return nil
        }
    }

    /// The time of the oldest line; `nil` where none can be read.
    func oldest(in source: MailLogSource) async throws -> Int? {
        let script = "\"$@\" | head -n 20"
        let lines = try await lines(Command("sh", ["-c", script, "sh"] + source.printing))
        return lines.lazy.compactMap { SyslogTime.seconds(of: $0, now: now) }.first
    }

    private func lines(_ command: Command) async throws -> [Substring] {
        try await runner.runChecked(command).standardOutput.split(separator: "\n")
    }
}
