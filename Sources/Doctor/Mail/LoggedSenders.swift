package import Host
import MailLogs
package import Vocabulary

/// The envelope's senders in the mail log, as mail left.
package struct LoggedSenders: Sendable, Equatable {
    /// A sender, and the client that it came from; `nil` where the log does not tell.
    package struct Key: Sendable, Hashable {
        package let sender: String
        package let client: IPAddress?
    }

    /// The number of messages of each.
    package private(set) var counts: [Key: Int] = [:]

    /// Lines; of a busier day, the last.
    private static let lineLimit = 2_000_000
    private static let pattern = ": (client=|uid=|from=<)"
    /// Seconds.
    private static let day = 86400

    /// Those of the last day.
    package static func read(runner: any CommandRunner, files: FileSystem, now: Int) async throws -> LoggedSenders {
        let log = MailLog(runner: runner, files: files, now: now, span: day, lineLimit: lineLimit, pattern: pattern)
        return LoggedSenders(try await log.read().entries)
    }

    /// Counts each message once, however often it was tried. Mail of local programs is left out.
    init(_ entries: [MailLogEntry]) {
        var clients: [Substring: IPAddress] = [:]
        var seen: Set<Substring> = []
        for entry in entries {
            let message = entry.message
            guard let colon = message.firstRange(of: ": ") else { continue }
            let (identifier, rest) = (message[..<colon.lowerBound], message[colon.upperBound...])
            switch entry.program {
            // The queue may give an id again.
            case "smtpd" where rest.hasPrefix("client="):
                seen.remove(identifier)
                guard let open = rest.firstIndex(of: "["), let close = rest[open...].firstIndex(of: "]") else {
                    continue
                }
                clients[identifier] = try? IPAddress(rest[rest.index(after: open)..<close])
            case "pickup" where rest.hasPrefix("uid="): seen.insert(identifier)
            case "qmgr" where rest.hasPrefix("from=<"):
                guard let end = rest.firstRange(of: ">, size="), seen.insert(identifier).inserted else { continue }
                let sender = String(rest[..<end.lowerBound].dropFirst("from=<".count))
                counts[Key(sender: sender, client: clients[identifier]), default: 0] += 1
            default: continue
            }
        }
    }
}
