import Glibc
import Host
import SystemPackage

/// The mail log of the last hour, from wherever this host keeps it.
struct MailLog: Sendable {
    let runner: any CommandRunner
    let files: FileSystem
    /// Seconds since 1970.
    let now: Int

    /// Lines; of a busier hour, the last.
    private static let lineLimit = 20_000
    /// Seconds.
    private static let span = 3600

    /// What Postfix's programs wrote, the self-test's conversations left out.
    func entries() async throws -> [MailLogEntry] {
        if let own = await ownFile() { return try await recent(in: own) }
        let file = files.mailLog
        let journal = try? await runner.run(
            Command(
                "journalctl",
                // Debian's Postfix runs in an instance of a unit. Not '--since': with that, systemd before 254 takes the
                // lines from the hour's beginning (its issue 26657).
                ["-u", "postfix", "-u", "postfix@-", "-o", "short", "-q", "--no-pager", "-n", "\(Self.lineLimit)"],
                timeout: .seconds(12)
            )
        )
        if let journal, journal.status == 0 {
            let entries = recent(journal)
            if !entries.isEmpty || file == nil { return entries }
        }
        return try await recent(in: file ?? FileSystem.mailLogs[0])
    }

    /// Where Postfix writes its log itself, past syslog; since 3.4 it may (postconf(5), maillog_file).
    private func ownFile() async -> FilePath? {
        let output = try? await runner.run(Command("postconf", ["-h", "maillog_file"]))
        let value = output?.standardOutput.split(whereSeparator: \.isNewline).first ?? ""
        return value.hasPrefix("/") ? FilePath(String(value)) : nil
    }

    private func recent(in path: FilePath) async throws -> [MailLogEntry] {
        recent(try await runner.runChecked(Command("tail", ["-n", "\(Self.lineLimit)", "\(path)"])))
    }

    private func recent(_ log: CommandOutput) -> [MailLogEntry] {
        let lines = log.standardOutput.split(separator: "\n").filter { line in
            SyslogTime.seconds(of: line, now: now).map { $0 > now - Self.span } ?? false
        }
        return MailLogEntry.read(lines)
    }
}

/// What a program of Postfix wrote.
struct MailLogEntry: Sendable, Equatable {
    /// Such as `smtpd`.
    let program: String
    let message: String

    static func read(_ lines: [Substring]) -> [MailLogEntry] { lines.compactMap(MailLogEntry.init) }

    init(program: String, message: String) {
        self.program = program
        self.message = message
    }

    /// Reads `... postfix/smtpd[123]: MESSAGE`; `nil` for lines of other programs, and of the self-test.
    init?(_ line: Substring) {
        guard let start = line.firstRange(of: " postfix/"), let bracket = line[start.upperBound...].firstIndex(of: "["),
            let colon = line[bracket...].firstRange(of: "]: ")
        else { return nil }
        let path = line[start.upperBound..<bracket].split(separator: "/")
        let message = line[colon.upperBound...]
        guard let program = path.last, !program.contains(" "), !Self.marks.contains(where: message.contains) else {
            return nil
        }
        self.init(program: String(program), message: String(message))
    }
}

extension MailLogEntry {
    /// What marks the self-test's conversations: the client's name, the recipient, the stranger's greeting.
    fileprivate static let marks = [
        "self-test.smtp-relay-agent.internal", "@relay-self-test.invalid", "helo=<[192.0.2.25]>",
    ]
}

/// The time that a line of syslog's begins with: `Nov 24 11:31:19`, of this year or, before it has come, the last one, in
/// the host's own zone.
enum SyslogTime {
    static func seconds(of line: Substring, now: Int) -> Int? {
        var time = time_t(now)
        var parts = tm()
        localtime_r(&time, &parts)
        let words = line.split(separator: " ", maxSplits: 3)
        guard words.count > 2, let month = months.firstIndex(of: words[0]), let day = Int32(words[1]) else {
            return nil
        }
        let clock = words[2].split(separator: ":").compactMap { Int32($0) }
        guard clock.count == 3, (1...31).contains(day), (0...23).contains(clock[0]), (0...59).contains(clock[1]),
            (0...60).contains(clock[2])
        else { return nil }
        var read = parts
        (read.tm_mon, read.tm_mday) = (Int32(month), day)
        (read.tm_hour, read.tm_min, read.tm_sec, read.tm_isdst) = (clock[0], clock[1], clock[2], -1)
        let seconds = Int(mktime(&read))
        // A day is more than any clock's slip.
        guard seconds > now + 86400 else { return seconds }
        read.tm_year -= 1
        read.tm_isdst = -1
        return Int(mktime(&read))
    }

    private static let months: [Substring] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
}
