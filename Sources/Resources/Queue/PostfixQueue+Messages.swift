import Host
import SystemPackage

extension PostfixQueue {
    /// The messages that are in the queue, oldest first. One that leaves it meanwhile is not there.
    ///
    /// - Throws: `FileFailure` where the queue may not be read: it is root's and Postfix's own.
    package func messages() throws -> [QueuedMessage] {
        let logs = try messages(in: "defer").map { ($0.lastComponent?.string ?? "", $0) }
        let log = Dictionary(logs) { first, _ in first }
        var found: [String: QueuedMessage] = [:]
        // A deferred message that is tried again goes back to those that were looked at before.
        for state in QueuedMessage.State.allCases + [.active] {
            for path in try messages(in: state.rawValue) {
                guard let id = path.lastComponent?.string, found[id]?.state != state else { continue }
                let message = QueuedMessage(
                    id: id,
                    state: state,
                    file: file(at: path),
                    nextTry: state == .deferred ? files.modificationTime(of: path) : nil,
                    log: log[id].flatMap { try? files.bytes(at: $0, limit: Self.logLimit) }.map {
                        String(decoding: $0, as: UTF8.self)
                    } ?? ""
                )
                if let message { found[id] = message }
            }
        }
        return found.values.sorted { ($0.arrival, $0.id) < ($1.arrival, $1.id) }
    }

    /// The ids of the messages in the queue, and when Postfix tries again those that are deferred: the time of modification of
    /// their files (qmgr(8)), in seconds since 1970.
    package func nextTries() throws -> [String: Int?] {
        var tries: [String: Int?] = [:]
        for (id, path) in try places() {
            let isDeferred = path.starts(with: directory.appending(QueuedMessage.State.deferred.rawValue))
            tries.updateValue(isDeferred ? files.modificationTime(of: path) : nil, forKey: id)
        }
        return tries
    }

    /// Those of some messages that are still in the queue. An id may have been given to another message since they were read,
    /// so the arrival has to be the same.
    func stillHere(_ messages: some Collection<QueuedMessage>) throws -> [QueuedMessage] {
        let places = try places()
        return messages.filter { message in
            guard let path = places[message.id], let head = try? files.bytes(at: path, limit: 256) else { return false }
            return QueueFile(head).arrival == message.arrival
        }
    }

    private func places() throws -> [String: FilePath] {
        var places: [String: FilePath] = [:]
        for state in QueuedMessage.State.allCases + [.active] {
            for path in try messages(in: state.rawValue) { places[path.lastComponent?.string ?? ""] = path }
        }
        return places
    }

    private func file(at path: FilePath) -> QueueFile {
        QueueFile { start in (try? files.bytes(at: path, from: start, limit: Self.part)) ?? [] }
    }

    /// Bytes: the envelope of most messages, and longer than any record.
    private static let part = 64 << 10
    /// Bytes.
    private static let logLimit = 1 << 20
}
