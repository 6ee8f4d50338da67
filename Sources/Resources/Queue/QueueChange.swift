package import Host

/// A change of messages in the queue, as postsuper(1) makes it.
package enum QueueChange: String, Sendable, CaseIterable {
    case hold = "-h"
    case release = "-H"
    case delete = "-d"
    case requeue = "-r"

    /// The question before it.
    package var question: String {
        switch self {
        case .hold: "Hold"
        case .release: "Release"
        case .delete: "Delete"
        case .requeue: "Requeue"
        }
    }

    /// The word for what was done.
    package var done: String {
        switch self {
        case .hold: "held"
        case .release: "released"
        case .delete: "deleted"
        case .requeue: "requeued"
        }
    }

    /// Whether it makes a difference to a message.
    package func applies(to message: QueuedMessage) -> Bool {
        switch self {
        case .hold: message.state != .hold && message.state != .maildrop
        case .release: message.state == .hold
        case .delete: true
        // It would go out, past whoever holds it.
        case .requeue: message.state != .maildrop && message.state != .hold
        }
    }

    /// Changes those of some messages that are still in the queue.
    ///
    /// - Returns: The number of messages that were changed, as postsuper tells.
    /// - Throws: A `CommandFailure`, or a `FileFailure` where the queue may not be read.
    package func apply(to messages: [QueuedMessage], in queue: PostfixQueue, by runner: any CommandRunner) async throws
        -> Int
    {
        var done = 0
        var rest = messages[...]
        while !rest.isEmpty {
            let batch = rest.prefix(Self.batch)
            rest = rest.dropFirst(Self.batch)
            let ids = try queue.stillHere(batch).map(\.id)
            guard !ids.isEmpty else { continue }
            let output = try await runner.runChecked(
                Command("postsuper", ids.flatMap { [rawValue, $0] }, timeout: .seconds(300), isTransaction: true)
            )
            done += Self.count(output.standardError + output.standardOutput)
        }
        return done
    }

    private static let batch = 1000

    /// Reads `postsuper: Deleted: 3 messages`.
    private static func count(_ text: String) -> Int {
        let line = text.split(separator: "\n").last { $0.hasSuffix(" messages") || $0.hasSuffix(" message") }
        return line?.split(separator: " ").dropLast().last.flatMap { Int($0) } ?? 0
    }
}
