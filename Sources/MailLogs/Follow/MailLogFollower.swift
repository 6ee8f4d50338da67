package import Host
import SystemPackage
package import Vocabulary

/// Reads the mail log on, wherever Postfix writes it.
package struct MailLogFollower: Sendable {
    private let runner: any CommandRunner
    private let files: FileSystem
    private var place: Place
    /// Postfix's name in the log (postconf(5), syslog_name).
    private var name: String
    private var configuration: FileIdentity?
    /// The state of the log at the last reading.
    private var mark: [FileIdentity]?

    private enum Place: Sendable, Equatable {
        case journal
        case file(FilePath)

        func holds(_ position: MailLogPosition) -> Bool {
            switch (self, position) {
            case (.journal, .journal): true
            case (.file(let path), .file(let place)): path.string == place.path
            default: false
            }
        }
    }

    /// A part of the log.
    package struct Batch: Sendable, Equatable {
        /// The events of messages, in their order.
        package let events: [FollowedEvent]
        /// Whether more is there to be read at once.
        package let isCut: Bool
    }

    private static let mainCf: FilePath = "/etc/postfix/main.cf"

    package init(runner: any CommandRunner, files: FileSystem) async {
        self.runner = runner
        self.files = files
        (self.place, self.name) = (.journal, "postfix")
        await findPlace()
    }

    /// Whether something was written since the last reading. It costs a few system calls.
    package var hasNews: Bool { mark == nil || mark != currentMark || configuration != files.identity(of: Self.mainCf) }

    /// Reads a part of the log on, and counts it.
    ///
    /// - Parameters:
    ///   - log: Is left as it was where nothing could be read.
    ///   - networks: Those of the VPC, whose hosts are no providers.
    ///   - now: Seconds since 1970.
    /// - Throws: `CommandFailure`, `FileFailure`, or `UnreadableJournal`.
    package mutating func readOn(_ log: inout FollowedLog, networks: [IPNetwork], now: Int) async throws -> Batch {
        if configuration != files.identity(of: Self.mainCf) { await findPlace() }
        if let position = log.position, !place.holds(position) { log.changePlace() }
        // A line that is written while the log is read shows next time.
        let seen = currentMark
        let reading = try await reading(after: log)
        let events = log.take(reading) { $1.count($0, networks: networks) }
        log.readAt = now
        mark = reading.isCut ? nil : seen
        return Batch(events: events, isCut: reading.isCut)

        func reading(after log: FollowedLog) async throws -> LogReading {
            switch place {
            case .journal:
                var cursor: String?
                if case .journal(let known)? = log.position { cursor = known }
                return try await JournalReader(runner: runner, files: files)
                    .entries(after: cursor, since: log.start, of: name)
            case .file(let path):
                var position: FilePosition?
                if case .file(let known)? = log.position { position = known }
                return try await FileReader(path: path, runner: runner, files: files)
                    .entries(after: position, now: now, of: name)
            }
        }
    }

    private var currentMark: [FileIdentity] {
        switch place {
        case .journal: JournalReader(runner: runner, files: files).mark
        case .file(let path): FileReader(path: path, runner: runner, files: files).mark
        }
    }

    /// `maillog_file`; else a journal that lasts, from which syslog's file is written; else the place with the newest lines.
    private mutating func findPlace() async {
        configuration = files.identity(of: Self.mainCf)
        mark = nil
        let now = Timestamp.seconds
        let (name, file) = await MailLog(runner: runner, files: files, now: now).parameters()
        self.name = name
        let journal = JournalReader(runner: runner, files: files)
        if file == nil, journal.isLasting {
            place = .journal
            return
        }
        let commands = MailLogCommands(runner: runner, files: files, now: now)
        switch await MailLogSource.current(name, file: file, log: commands) {
        case .journal: place = journal.isKept ? .journal : .file(FileSystem.mailLogs[0])
        case .files(let paths): place = .file(paths.last ?? FileSystem.mailLogs[0])
        }
    }
}
