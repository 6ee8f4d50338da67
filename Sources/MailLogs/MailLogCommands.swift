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

    /// The lines that have one of some texts, in any case; of very many, the newest.
    func lines(of source: MailLogSource, with texts: [String]) async throws -> [Substring] {
        let script = "texts=$1; shift; \"$@\" | grep -aiF -e \"$texts\" | tail -c \(Self.limit)"
        // grep takes each line of a pattern as one of its own.
        let pattern = texts.joined(separator: "\n")
        return try await lines(Command("sh", ["-c", script, "sh", pattern] + source.printing, timeout: .seconds(300)))
    }

    /// The time of the newest line of Postfix's, among the last.
    func newest(in source: MailLogSource, _ name: String) async throws -> Int? {
        let lines: [Substring]
        switch source {
        case .journal:
            lines = try await self.lines(
                Command("journalctl", MailLogSource.journalCommand.dropFirst() + ["-n", "100"])
            )
        case .files(let paths):
            lines = try await self.lines(Command("tail", ["-n", "1000"] + paths.suffix(1).map(\.string)))
        }
        return lines.lazy.reversed().compactMap { MailLogEntry($0, of: name, now: now)?.time }.first
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
