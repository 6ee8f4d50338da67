package import Host
import Vocabulary

/// The fate of some mail, as this host's log tells.
package struct MailTrace: Sendable, Equatable {
    let query: TraceQuery
    /// Oldest first.
    package private(set) var messages: [TracedMessage]
    /// Verdicts about mail that was never queued, oldest first.
    package private(set) var verdicts: [TracedMessage.Step]
    /// Seconds since 1970: the time of the oldest line that was looked at; `nil` where no line can be read.
    package private(set) var reachesBackTo: Int?
    /// The number of older messages that are left out.
    package private(set) var leftOut = 0

    init(
        _ query: TraceQuery,
        messages: [TracedMessage] = [],
        verdicts: [TracedMessage.Step] = [],
        reachesBackTo: Int? = nil
    ) {
        self.query = query
        (self.messages, self.verdicts, self.reachesBackTo) = (messages, verdicts, reachesBackTo)
    }

    /// The messages that are shown where nobody says how many.
    package static let limit = 200
    /// The messages that are looked for at once. Their ids are one argument of a command, and their lines its output.
    private static let batch = 2_000
    /// Generations of messages that come from a message: a notice, and one that was requeued.
    private static let depth = 5

    /// Looks for mail in the whole log, also where it was rotated.
    ///
    /// - Parameters:
    ///   - limit: The number of messages that are looked for; of more, the newest.
    ///   - now: Seconds since 1970.
    /// - Throws: A `CommandFailure` where the log can't be read.
    package static func read(
        _ query: TraceQuery,
        limit: Int = limit,
        runner: any CommandRunner,
        files: FileSystem,
        now: Int
    ) async throws -> MailTrace {
        let postfix = await LoggingParameters.known(runner)
        let commands = MailLogCommands(runner: runner, files: files, now: now)
        let source = await MailLogSource.current(postfix.name, file: postfix.file, log: commands)
        var trace = MailTrace(query)
        trace.reachesBackTo = try await commands.oldest(in: source)
        func steps(_ texts: [String]) async throws -> [TracedMessage.Step] {
            let (lines, isCut) = try await commands.lines(of: source, with: texts)
            if isCut, let first = lines.lazy.compactMap({ SyslogTime.seconds(of: $0, now: now) }).first {
                trace.reachesBackTo = max(trace.reachesBackTo ?? first, first)
            }
            return lines.compactMap { line in
                guard let entry = MailLogEntry(line, of: .any, now: now), let event = MailEvent(entry) else {
                    return nil
                }
                return TracedMessage.Step(time: entry.time, event: event)
            }
        }
        let found = try await steps([query.text]).filter { query.matches($0.event) }
        trace.verdicts = found.filter { $0.event.queueID == nil }
        var wanted = distinct(found.compactMap(\.event.queueID))
        trace.leftOut = max(0, wanted.count - limit)
        wanted = wanted.suffix(limit)
        var history = MessageHistory()
        var asked = Set(wanted)
        for _ in 0..<depth where !wanted.isEmpty {
            for start in stride(from: 0, to: wanted.count, by: batch) {
                let ids = wanted.dropFirst(start).prefix(batch)
                // A line of a message that is known already may name one of these, too.
                history.add(try await steps(ids.map(\.description)), of: Set(ids))
            }
            wanted = history.descendants.filter { asked.insert($0).inserted }
        }
        trace.messages = history.messages(of: query)
        return trace
    }

    /// The trace of mail whose events are known.
    ///
    /// - Parameters:
    ///   - steps: In their order.
    ///   - start: Seconds since 1970: the time from which on events are known.
    package init(of query: TraceQuery, steps: [TracedMessage.Step], since start: Int) {
        self.init(query, verdicts: steps.filter { $0.event.queueID == nil }, reachesBackTo: start)
        var history = MessageHistory()
        history.add(steps, of: Set(steps.compactMap(\.event.queueID)))
        self.messages = history.all
    }

    /// The ids that relays have given messages that were handed over to them.
    package var handedOver: [QueueID] {
        messages.flatMap(\.deliveries).compactMap(\.nextID)
    }

    private static func distinct(_ ids: [QueueID]) -> [QueueID] {
        var seen: Set<QueueID> = []
        return ids.filter { seen.insert($0).inserted }
    }
}
