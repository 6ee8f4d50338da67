package import Host
import SystemPackage

/// The mail log of the last hour, or of another time, from the place where this host keeps it.
package struct MailLog: Sendable {
    let runner: any CommandRunner
    let files: FileSystem
    /// Seconds since 1970.
    let now: Int

    private let span: Int
    private let lineLimit: Int
    private let pattern: String?

    /// The lines of the log that were read.
    package struct Reading: Sendable, Equatable {
        /// The lines of Postfix's programs in that time, without the self-test's conversations.
        package var entries: [MailLogEntry] = []
        /// A line of Postfix's, where there are some and none has a time that can be read.
        package var unreadable: String?
    }

    /// - Parameters:
    ///   - now: Seconds since 1970.
    ///   - span: Seconds.
    ///   - lineLimit: Lines; of a busier time, the last.
    ///   - pattern: The lines to read: an extended regular expression without quotes; `nil` for all.
    package init(
        runner: any CommandRunner,
        files: FileSystem,
        now: Int,
        span: Int = 3600,
        lineLimit: Int = 20_000,
        pattern: String? = nil
    ) {
        self.runner = runner
        self.files = files
        self.now = now
        self.span = span
        self.lineLimit = lineLimit
        self.pattern = pattern
    }

    package func read() async throws -> Reading {
        let postfix = await LoggingParameters.known(runner)
        let name = postfix.name
        if let own = postfix.file { return try await recent(in: own, name) }
        let file = files.mailLog
        // Not '--since': with that, systemd before 254 takes the lines from the hour's beginning (its issue 26657).
        let journal = try? await runner.run(command(MailLogSource.journalCommand + ["-n", "\(lineLimit)"]))
        if let journal, journal.status == 0 {
            let found = recent(journal, name)
            if !found.entries.isEmpty || file == nil { return found }
        }
        return try await recent(in: file ?? FileSystem.mailLogs[0], name)
    }

    /// The lines of Postfix's that journald has dropped in that time, since there were too many at once (journald.conf(5),
    /// RateLimitBurst). Where Postfix writes its log itself, there are none.
    package func suppressed() async -> Int {
        guard await LoggingParameters.known(runner).file == nil else { return 0 }
        // journald's own messages have this transport (systemd.journal-fields(7)).
        let words = ["-o", "short", "-q", "--no-pager", "-n", "1000", "_TRANSPORT=driver"]
        let output = try? await runner.run(Command("journalctl", words, timeout: .seconds(12)))
        guard let output else { return 0 }
        return output.standardOutput.split(separator: "\n").reduce(0) { sum, line in
            guard let time = SyslogTime.seconds(of: line, now: now), time > now - span else { return sum }
            return sum + Self.suppressed(in: line)
        }
    }

    /// - Parameter line: Such as `Suppressed 1500 messages from postfix.service`. Older versions print the control group.
    static func suppressed(in line: Substring) -> Int {
        let words = line.split(separator: " ")
        guard let start = words.lastIndex(of: "Suppressed"), words.count == start + 5,
            words[start + 3] == "from", let unit = words[start + 4].split(separator: "/").last,
            unit.hasPrefix("postfix"), unit.hasSuffix(".service")
        else { return 0 }
        return Int(words[start + 1]) ?? 0
    }

    private func recent(in path: FilePath, _ name: PostfixName) async throws -> Reading {
        recent(try await runner.runChecked(command(["tail", "-n", "\(lineLimit)", "\(path)"])), name)
    }

    private func command(_ words: [String]) -> Command {
        guard let pattern else { return Command(words[0], Array(words.dropFirst()), timeout: .seconds(12)) }
        // Less than the output of a command may have (CommandOutput.limit).
        let script = "\"$@\" | grep -E '\(pattern)' | tail -c 8000000"
        return Command("sh", ["-c", script, "sh"] + words, timeout: .seconds(30))
    }

    private func recent(_ log: CommandOutput, _ name: PostfixName) -> Reading {
        let lines = log.standardOutput.split(separator: "\n")
        let times = lines.map { SyslogTime.seconds(of: $0, now: now) }
        let recent = zip(lines, times).filter { $1.map { $0 > now - span } ?? false }.map(\.0)
        var reading = Reading(entries: recent.compactMap { MailLogEntry($0, of: name, now: now) })
        if times.allSatisfy({ $0 == nil }) {
            reading.unreadable = lines.last { MailLogEntry($0, of: name, now: now) != nil }.map {
                String($0.prefix(60))
            }
        }
        return reading
    }
}
