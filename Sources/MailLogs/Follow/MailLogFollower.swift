package import Host
import SystemPackage
package import Vocabulary

/// Reads the mail log on, wherever Postfix writes it.
package struct MailLogFollower: Sendable {
    private let runner: any CommandRunner
    private let files: FileSystem
    /// `nil` until it is known.
    private var place: Place?
    /// With those names that it had before: what programs have logged by them may not be read yet.
    private var name: PostfixName = "postfix"
    private var configuration: FileIdentity?
    private var selectsFields = true
    /// The state of the log at the last reading; `nil` where that did not reach the log's end.
    private var mark: [FileIdentity]?
    private var wasCut = false

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

    package init(runner: any CommandRunner, files: FileSystem) {
        self.runner = runner
        self.files = files
    }

    /// Whether something was written since the last reading. It costs a few system calls.
    package var hasNews: Bool {
        guard let place, configuration == files.identity(of: Self.mainCf) else { return true }
        return mark == nil || mark != mark(of: place)
    }

    /// Reads a part of the log on, and counts it.
    ///
    /// - Parameters:
    ///   - log: Is left as it was where nothing could be read.
    ///   - networks: Those of the VPC, whose hosts are no providers.
    ///   - now: Seconds since 1970.
    /// - Throws: `CommandFailure`, `FileFailure`, or `UnreadableJournal`.
    package mutating func readOn(_ log: inout FollowedLog, networks: [IPNetwork], now: Int) async throws -> Batch {
        let place = try await knownPlace()
        if let position = log.position, !place.holds(position) { log.changePlace() }
        // A line that is written while the log is read shows next time.
        let seen = mark(of: place)
        let reading = try await reading(after: log)
        let events = log.take(reading) { $1.count($0, networks: networks) }
        log.readAt = now
        mark = reading.isCut ? nil : seen
        wasCut = reading.isCut
        return Batch(events: events, isCut: reading.isCut)

        func reading(after log: FollowedLog) async throws -> LogReading {
            switch place {
            case .journal:
                var cursor: String?
                if case .journal(let known)? = log.position { cursor = known }
                do {
                    return try await journal.entries(after: cursor, since: log.start, of: name, isLong: wasCut)
                } catch let error as UnreadableJournal where error.isOfOption && selectsFields {
                    selectsFields = false
                    return try await journal.entries(after: cursor, since: log.start, of: name)
                }
            case .file(let path):
                var position: FilePosition?
                if case .file(let known)? = log.position { position = known }
                return try await FileReader(path: path, runner: runner, files: files)
                    .entries(after: position, now: now, of: name)
            }
        }
    }

    private func mark(of place: Place) -> [FileIdentity] {
        switch place {
        case .journal: journal.mark
        case .file(let path): FileReader(path: path, runner: runner, files: files).mark
        }
    }

    /// `maillog_file`; else a journal that lasts, from which syslog's file is written; else the place with the newest lines.
    ///
    /// Where main.cf can't be read, nobody knows whether the place is another one now, so the log waits where it is.
    private mutating func knownPlace() async throws -> Place {
        let configuration = files.identity(of: Self.mainCf)
        if let place, configuration == self.configuration { return place }
        let parameters = try await parameters()
        let name = place == nil ? parameters.name : parameters.name.or(self.name)
        let found: Place
        if parameters.file == nil, journal.isLasting {
            found = .journal
        } else {
            let commands = MailLogCommands(runner: runner, files: files, now: Timestamp.seconds)
            switch await MailLogSource.current(name, file: parameters.file, log: commands) {
            case .journal: found = journal.isKept ? .journal : .file(FileSystem.mailLogs[0])
            case .files(let paths): found = .file(paths.last ?? FileSystem.mailLogs[0])
            }
        }
        (place, self.name, self.configuration, mark) = (found, name, configuration, nil)
        return found
    }

    private var journal: JournalReader { JournalReader(runner: runner, files: files, selectsFields: selectsFields) }

    private func parameters() async throws -> LoggingParameters {
        do {
            return try await LoggingParameters.set(runner)
        } catch  where error.reason == .notFound {
            // Postfix is not installed yet.
            return LoggingParameters()
        }
    }
}
