package import Host
import Vocabulary

/// The fate of some mail, as this host's log tells.
package struct MailTrace: Sendable, Equatable {
    /// Oldest first.
    package private(set) var messages: [TracedMessage] = []
    /// Mail that was not accepted, oldest first.
    package private(set) var refusals: [TracedMessage.Step] = []
    /// Seconds since 1970: the time of the log's oldest line; `nil` where it has none that can be read.
    package private(set) var reachesBackTo: Int?
    /// The number of older messages that are left out.
    package private(set) var leftOut = 0

    init(messages: [TracedMessage] = [], refusals: [TracedMessage.Step] = [], reachesBackTo: Int? = nil) {
        (self.messages, self.refusals, self.reachesBackTo) = (messages, refusals, reachesBackTo)
    }

    /// The messages that are shown; of more, the newest.
    package static let limit = 200
    /// Generations of messages that come from a message: a notice, and one that was requeued.
    private static let depth = 3

    /// Looks for mail in the whole log, also where it was rotated.
    ///
    /// - Parameter now: Seconds since 1970.
    /// - Throws: A `CommandFailure` where the log can't be read.
    package static func read(
        _ query: TraceQuery,
        runner: any CommandRunner,
        files: FileSystem,
        now: Int
    ) async throws -> MailTrace {
        let log = MailLog(runner: runner, files: files, now: now)
        let (name, own) = await log.parameters()
        let commands = MailLogCommands(runner: runner, files: files, now: now)
        let source = await MailLogSource.current(name, file: own, log: commands)
        func steps(_ texts: [String]) async throws -> [TracedMessage.Step] {
            try await commands.lines(of: source, with: texts).compactMap { line in
                guard let entry = MailLogEntry(line, of: name, now: now), let event = MailEvent(entry) else {
                    return nil
                }
                return TracedMessage.Step(time: entry.time, event: event)
            }
        }
        var trace = MailTrace()
        trace.reachesBackTo = try await commands.oldest(in: source)
        let found = try await steps([query.text]).filter { query.matches($0.event) }
        trace.refusals = found.filter { $0.event.queueID == nil }
        var wanted = distinct(found.compactMap(\.event.queueID))
        trace.leftOut = max(0, wanted.count - limit)
        wanted = wanted.suffix(limit)
        var history = MessageHistory()
        var asked = Set(wanted)
        for _ in 0..<depth where !wanted.isEmpty {
            // A line of a message that is known already may name one of these, too.
            history.add(try await steps(wanted.map(\.description)), of: Set(wanted))
            wanted = history.descendants.filter { asked.insert($0).inserted }
        }
        trace.messages = history.messages(of: query)
        return trace
    }

    private static func distinct(_ ids: [QueueID]) -> [QueueID] {
        var seen: Set<QueueID> = []
        return ids.filter { seen.insert($0).inserted }
    }
}
