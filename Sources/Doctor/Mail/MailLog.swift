import Host
import SystemPackage

/// The mail log of the last hour, or of another time, from the place where this host keeps it.
struct MailLog: Sendable {
    let runner: any CommandRunner
    let files: FileSystem
    /// Seconds since 1970.
    let now: Int

    /// Seconds.
    var span = 3600
    /// Lines; of a busier time, the last.
    var lineLimit = 20_000
    /// The lines to read: an extended regular expression without quotes; `nil` for all.
    var pattern: String?

    /// The lines of the log that were read.
    struct Reading: Sendable, Equatable {
        /// The lines of Postfix's programs in that time, without the self-test's conversations.
        var entries: [MailLogEntry] = []
        /// A line of Postfix's, where there are some and none has a time that can be read.
        var unreadable: String?
    }

    /// The number of deliveries in the last hour; 0 where the log can't be read.
    func delivered() async -> Int { (try? await read()).map { MailLogDigest($0.entries).sent } ?? 0 }

    func read() async throws -> Reading {
        let (name, own) = await parameters()
        if let own { return try await recent(in: own, name) }
        let file = files.mailLog
        let journal = try? await runner.run(
            command(
                // Debian's Postfix runs in an instance of a unit. Not '--since': with that, systemd before 254 takes the
                // lines from the hour's beginning (its issue 26657).
                [
                    "journalctl", "-u", "postfix", "-u", "postfix@-", "-o", "short", "-q", "--no-pager", "-n",
                    "\(lineLimit)",
                ]
            )
        )
        if let journal, journal.status == 0 {
            let found = recent(journal, name)
            if !found.entries.isEmpty || file == nil { return found }
        }
        return try await recent(in: file ?? FileSystem.mailLogs[0], name)
    }

    /// Postfix's name in the log, and the file in which it writes its log itself, past syslog; since 3.4 it may
    /// (postconf(5), syslog_name and maillog_file). An older Postfix says nothing of a parameter that it lacks.
    private func parameters() async -> (name: String, file: FilePath?) {
        let output = try? await runner.run(Command("postconf", ["-x", "syslog_name", "maillog_file"]))
        var values: [Substring: String] = [:]
        for line in output?.standardOutput.split(whereSeparator: \.isNewline) ?? [] {
            guard let sign = line.firstRange(of: " = ") else { continue }
            values[line[..<sign.lowerBound]] = String(line[sign.upperBound...])
        }
        let file = values["maillog_file"].flatMap { $0.hasPrefix("/") ? FilePath($0) : nil }
        return (values["syslog_name"] ?? "postfix", file)
    }

    private func recent(in path: FilePath, _ name: String) async throws -> Reading {
        recent(try await runner.runChecked(command(["tail", "-n", "\(lineLimit)", "\(path)"])), name)
    }

    private func command(_ words: [String]) -> Command {
        guard let pattern else { return Command(words[0], Array(words.dropFirst()), timeout: .seconds(12)) }
        // Less than the output of a command may have (CommandOutput.limit).
        let script = "\"$@\" | grep -E '\(pattern)' | tail -c 8000000"
        return Command("sh", ["-c", script, "sh"] + words, timeout: .seconds(30))
    }

    private func recent(_ log: CommandOutput, _ name: String) -> Reading {
        let lines = log.standardOutput.split(separator: "\n")
        let times = lines.map { SyslogTime.seconds(of: $0, now: now) }
        let recent = zip(lines, times).filter { $1.map { $0 > now - span } ?? false }.map(\.0)
        var reading = Reading(entries: MailLogEntry.read(recent, of: name))
        if times.allSatisfy({ $0 == nil }) {
            reading.unreadable = lines.last { MailLogEntry($0, of: name) != nil }.map { String($0.prefix(60)) }
        }
        return reading
    }
}

/// A line of a program of Postfix.
struct MailLogEntry: Sendable, Equatable {
    /// The program, such as `smtpd`.
    let program: String
    let message: String

    /// - Parameter name: The name of Postfix in the log (postconf(5), syslog_name).
    static func read(_ lines: [Substring], of name: String = "postfix") -> [MailLogEntry] {
        lines.compactMap { MailLogEntry($0, of: name) }
    }

    init(program: String, message: String) {
        self.program = program
        self.message = message
    }

    /// Reads `... postfix/smtpd[123]: MESSAGE`; `nil` for lines of other programs, and of the self-test. A service may have
    /// a name of its own after Postfix's, as `postfix/submission/smtpd` or `postfix-out/smtp`.
    init?(_ line: Substring, of name: String = "postfix") {
        guard let colon = line.firstRange(of: "]: "), let bracket = line[..<colon.lowerBound].lastIndex(of: "["),
            let tag = line[..<bracket].split(separator: " ").last, tag.hasPrefix(name)
        else { return nil }
        let message = line[colon.upperBound...]
        let path = tag.dropFirst(name.count).split(separator: "/", omittingEmptySubsequences: false)
        guard path.count > 1, let program = path.last, !program.isEmpty, !Self.marks.contains(where: message.contains)
        else { return nil }
        self.init(program: String(program), message: String(message))
    }
}

extension MailLogEntry {
    /// The marks of the self-test's conversations: the client's name, the recipient, the stranger's greeting.
    fileprivate static let marks = [
        "self-test.smtp-relay-agent.internal", "@relay-self-test.invalid", "helo=<[192.0.2.25]>",
    ]
}
