import Host
import SystemPackage

/// Reads the journal on from a cursor.
struct JournalReader: Sendable {
    let runner: any CommandRunner
    let files: FileSystem

    /// The journals of the system, on the disk and in memory (systemd-journald(8)).
    private static let lasting: FilePath = "/var/log/journal"
    private static let untilBoot: FilePath = "/run/log/journal"

    /// Whether journalctl(1) can leave out the other fields; systemd since 236 can.
    private let selectsFields: Bool
    /// Bytes of one reading; less than the output of a command may have (CommandOutput.limit).
    private let limit: Int

    init(runner: any CommandRunner, files: FileSystem, selectsFields: Bool = true, limit: Int = 1_000_000) {
        self.runner = runner
        self.files = files
        self.selectsFields = selectsFields
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
    ///   - isLong: Whether more is known to be there than one reading takes.
    /// - Throws: `CommandFailure`, or `UnreadableJournal`.
    func entries(
        after cursor: String?,
        since start: Int,
        of name: PostfixName,
        isLong: Bool = false
    ) async throws -> LogReading {
        let place = cursor.map { "--after-cursor=\($0)" } ?? "--since=@\(start)"
        let output = try await output(options + [place] + MailLogSource.journalMatches, isLong: isLong)
        if output.standardOutput.isEmpty, !output.standardError.isEmpty {
            throw UnreadableJournal(reason: output.tail(2))
        }
        return reading(output.standardOutput, of: name)
    }

    /// An idle agent reads a few lines a minute. A shell beside journalctl(1) costs as much as journalctl(1) does.
    private func output(_ arguments: [String], isLong: Bool) async throws -> CommandOutput {
        if selectsFields, !isLong {
            do {
                return try await runner.run(Command("journalctl", arguments, outputLimit: limit))
            } catch  where error.reason == .tooMuchOutput {
                // The first part is read by the script.
            }
        }
        return try await runner.runChecked(Command("sh", ["-c", script, "sh", "journalctl"] + arguments))
    }

    /// The text form of each version has local times and no cursors.
    private var options: [String] {
        ["-o", "export", "-q", "--no-pager"]
            + (selectsFields ? ["--output-fields=SYSLOG_IDENTIFIER,MESSAGE"] : [])
    }

    private var script: String {
        let fields = "grep -aE '^(__CURSOR|__REALTIME_TIMESTAMP|SYSLOG_IDENTIFIER|MESSAGE)='"
        return "\"$@\" | \(selectsFields ? "" : "\(fields) | ")head -c \(limit)"
    }

    /// Reads the export format (systemd.dev/JOURNAL_EXPORT_FORMATS), in which an entry begins with its cursor.
    private func reading(_ output: String, of name: PostfixName) -> LogReading {
        var output = output
        return output.withUTF8 { bytes in
            var reading = LogReading(isCut: bytes.count >= limit)
            var fields = Fields()
            var last: Fields.Value?
            func take() {
                guard let cursor = fields.cursor else { return }
                last = cursor
                if let entry = fields.entry(of: name) { reading.entries.append(entry) }
            }
            var rest = bytes[...]
            while !rest.isEmpty {
                let line = rest.prefix { $0 != UInt8(ascii: "\n") }
                rest = rest.dropFirst(line.count + 1)
                if let cursor = Fields.cursor(in: line) {
                    take()
                    fields = Fields(cursor: cursor)
                } else {
                    fields.take(line)
                }
            }
            // The last entry of a part may have lost fields.
            if !reading.isCut { take() }
            reading.position = last.map { .journal(cursor: String(decoding: $0, as: UTF8.self)) }
            return reading
        }
    }

    /// The fields of an entry that are read (systemd.journal-fields(7)).
    private struct Fields {
        typealias Value = Slice<UnsafeBufferPointer<UInt8>>

        let cursor: Value?
        /// Microseconds since 1970.
        private var time: Value?
        private var tag: Value?
        private var message: Value?

        private static let cursorName = Array("__CURSOR=".utf8)
        private static let timeName = Array("__REALTIME_TIMESTAMP=".utf8)
        private static let tagName = Array("SYSLOG_IDENTIFIER=".utf8)
        private static let messageName = Array("MESSAGE=".utf8)

        init(cursor: Value? = nil) {
            self.cursor = cursor
        }

        static func cursor(in line: Value) -> Value? { value(of: cursorName, in: line) }

        mutating func take(_ line: Value) {
            switch line.first {
            case UInt8(ascii: "M"): message = Self.value(of: Self.messageName, in: line) ?? message
            case UInt8(ascii: "S"): tag = Self.value(of: Self.tagName, in: line) ?? tag
            case UInt8(ascii: "_"): time = Self.value(of: Self.timeName, in: line) ?? time
            default: break
            }
        }

        private static func value(of name: [UInt8], in line: Value) -> Value? {
            line.starts(with: name) ? line.dropFirst(name.count) : nil
        }

        func entry(of name: PostfixName) -> MailLogEntry? {
            guard let tag, let message else { return nil }
            let seconds = time.flatMap { Int(String(decoding: $0, as: UTF8.self)) }.map { $0 / 1_000_000 }
            return MailLogEntry(
                tag: String(decoding: tag, as: UTF8.self)[...],
                message: String(decoding: message, as: UTF8.self)[...],
                of: name,
                time: seconds ?? 0
            )
        }
    }
}

/// journalctl(1) can't read on from the cursor that is kept.
struct UnreadableJournal: Error, CustomStringConvertible {
    let reason: String

    /// Whether journalctl(1) is of a version that does not know an option.
    var isOfOption: Bool { reason.contains("unrecognized option") }

    var description: String { "the journal could not be read on: \(reason)" }
}
