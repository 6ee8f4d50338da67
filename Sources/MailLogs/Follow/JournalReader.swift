import Host
import SystemPackage

/// Reads the journal on from a cursor.
struct JournalReader: Sendable {
    let runner: any CommandRunner
    let files: FileSystem

    /// The journals of the system, on the disk and in memory (systemd-journald(8)).
    private static let lasting: FilePath = "/var/log/journal"
    private static let untilBoot: FilePath = "/run/log/journal"

    /// Bytes of one reading; less than the output of a command may have (CommandOutput.limit).
    private let limit: Int

    init(runner: any CommandRunner, files: FileSystem, limit: Int = 1_000_000) {
        self.runner = runner
        self.files = files
        self.limit = limit
    }

    /// Whether this host keeps a journal.
    var isKept: Bool { !journals.isEmpty }

    /// Whether it does over boots.
    var isLasting: Bool { !journals(in: Self.lasting).isEmpty }

    /// Changes with everything that is written to the journal.
    var mark: [FileIdentity] { journals.compactMap(files.identity) }

    private var journals: [FilePath] { journals(in: Self.lasting) + journals(in: Self.untilBoot) }

    private func journals(in folder: FilePath) -> [FilePath] {
        let machines = (try? files.names(in: folder)) ?? nil
        return (machines ?? []).map { folder.appending($0).appending("system.journal") }.filter(files.exists)
    }

    /// Reads the entries of Postfix's programs.
    ///
    /// - Parameters:
    ///   - cursor: The entry before the first; `nil` to begin at a time.
    ///   - start: Seconds since 1970.
    ///   - name: Postfix's name in the log.
    /// - Throws: `CommandFailure`, or `UnreadableJournal`.
    func entries(after cursor: String?, since start: Int, of name: String) async throws -> LogReading {
        let place = cursor.map { "--after-cursor=\($0)" } ?? "--since=@\(start)"
        let command = Command("sh", ["-c", script, "sh"] + Self.command + [place] + MailLogSource.journalMatches)
        let output = try await runner.runChecked(command)
        if output.standardOutput.isEmpty, !output.standardError.isEmpty {
            throw UnreadableJournal(reason: output.tail(2))
        }
        return reading(output.standardOutput, of: name)
    }

    /// The text form of each version has local times and no cursors.
    private static let command = ["journalctl", "-o", "export", "-q", "--no-pager"]

    private var script: String {
        "\"$@\" | grep -aE '^(__CURSOR|__REALTIME_TIMESTAMP|SYSLOG_IDENTIFIER|MESSAGE)=' | head -c \(limit)"
    }

    /// Reads the fields of the export format that the script lets through. An entry begins with its cursor.
    private func reading(_ output: String, of name: String) -> LogReading {
        let isCut = output.utf8.count >= limit
        var lines = output.utf8.split(separator: UInt8(ascii: "\n"))[...]
        if isCut, let last = lines.lastIndex(where: { $0.starts(with: "__CURSOR=".utf8) }) {
            // The last entry may have lost fields.
            lines = lines[..<last]
        }
        var reading = LogReading(isCut: isCut)
        var fields = Fields()
        func take() {
            guard let cursor = fields.cursor else { return }
            reading.position = .journal(cursor: String(cursor))
            if let entry = fields.entry(of: name) { reading.entries.append(entry) }
        }
        for line in lines {
            let text = Substring(line)
            let value = line.firstIndex(of: UInt8(ascii: "=")).map { text[$0...].dropFirst() } ?? ""
            switch line.dropFirst().first {
            case UInt8(ascii: "_") where line.starts(with: "__CURSOR=".utf8):
                take()
                fields = Fields(cursor: value)
            case UInt8(ascii: "_"): fields.time = value
            case UInt8(ascii: "Y"): fields.tag = value
            default: fields.message = value
            }
        }
        take()
        return reading
    }

    private struct Fields {
        var cursor: Substring?
        /// Microseconds since 1970.
        var time: Substring = ""
        var tag: Substring = ""
        var message: Substring = ""

        func entry(of name: String) -> MailLogEntry? {
            MailLogEntry(tag: tag, message: message, of: name, time: (Int(time) ?? 0) / 1_000_000)
        }
    }
}

/// journalctl(1) can't read on from the cursor that is kept.
struct UnreadableJournal: Error, CustomStringConvertible {
    let reason: String

    var description: String { "the journal could not be read on: \(reason)" }
}
