package import Vocabulary

/// A message in Postfix's queue.
package struct QueuedMessage: Sendable, Equatable {
    /// The folders of Postfix's queue (qmgr(8)).
    package enum State: String, Sendable, CaseIterable, Codable { case maildrop, incoming, active, deferred, hold }

    package let id: String
    package let state: State
    /// Seconds since 1970.
    package let arrival: Int
    /// Bytes; 0 where it is not known yet.
    package let size: Int
    /// Empty for a notice.
    package let sender: String
    /// Those that have it not yet.
    package let recipients: [String]
    /// The host that handed it in; `nil` for a program of this host.
    package let client: Client?
    /// Seconds since 1970: when Postfix tries again; `nil` where it is not deferred.
    package let nextTry: Int?
    /// Why the last try failed, by recipient.
    package let reasons: [String: String]

    package struct Client: Sendable, Equatable {
        package let name: String?
        package let address: IPAddress?
    }

    /// `nil` where a file has no envelope.
    ///
    /// - Parameters:
    ///   - nextTry: The file's time of modification; that of a deferred message is the time of its next try (qmgr(8)).
    ///   - log: The file below `defer`.
    init?(id: String, state: State, file: QueueFile, nextTry: Int?, log: String) {
        var attributes: [Substring: String] = [:]
        var sender: String?
        var recipients: [String] = []
        for record in file.envelope {
            switch record.kind {
            case QueueFile.Kind.sender: sender = record.data
            // The queue manager makes it a record of another type when it has been delivered.
            case QueueFile.Kind.recipient where !record.data.isEmpty: recipients.append(record.data)
            case QueueFile.Kind.attribute:
                guard let sign = record.data.firstIndex(of: "=") else { continue }
                attributes[record.data[..<sign]] = String(record.data[record.data.index(after: sign)...])
            default: continue
            }
        }
        guard let arrival = file.arrival, let sender else { return nil }
        self.id = id
        self.state = state
        self.arrival = arrival
        self.size = file.size ?? 0
        self.sender = sender
        self.recipients = recipients
        self.client = Client(attributes)
        self.nextTry = state == .deferred ? nextTry : nil
        self.reasons = Self.reasons(log)
    }

    /// Reads a file below `defer`: lines of `NAME=VALUE`, and an empty one between recipients (bounce(8)).
    private static func reasons(_ log: String) -> [String: String] {
        var reasons: [String: String] = [:]
        var recipient: String?
        for line in log.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("recipient=") { recipient = String(line.dropFirst("recipient=".count)) }
            if line.hasPrefix("reason="), let recipient { reasons[recipient] = String(line.dropFirst("reason=".count)) }
            if line.isEmpty { recipient = nil }
        }
        return reasons
    }
}

extension QueuedMessage.Client {
    fileprivate init?(_ attributes: [Substring: String]) {
        func value(_ name: String) -> String? {
            let value = attributes["log_client_\(name)"] ?? attributes["client_\(name)"]
            return value == "unknown" ? nil : value
        }
        guard let address = value("address") else { return nil }
        self.init(name: value("name"), address: try? IPAddress(address))
    }
}
