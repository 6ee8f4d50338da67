import Host
import SystemPackage

extension PostfixQueue {
    /// The messages that are in the queue, oldest first. One that leaves it meanwhile is not there.
    ///
    /// - Throws: `FileFailure` where the queue may not be read: it is root's and Postfix's own.
    package func messages() throws -> [QueuedMessage] {
        let logs = try messages(in: "defer").map { ($0.lastComponent?.string ?? "", $0) }
        let log = Dictionary(logs) { first, _ in first }
        var found: [QueuedMessage] = []
        for state in QueuedMessage.State.allCases {
            for path in try messages(in: state.rawValue) {
                guard let id = path.lastComponent?.string, let file = read(path) else { continue }
                let message = QueuedMessage(
                    id: id,
                    state: state,
                    file: file,
                    nextTry: state == .deferred ? files.modificationTime(of: path) : nil,
                    log: log[id].flatMap { try? files.bytes(at: $0, limit: Self.logLimit) }.map {
                        String(decoding: $0, as: UTF8.self)
                    } ?? ""
                )
                if let message { found.append(message) }
            }
        }
        return found.sorted { ($0.arrival, $0.id) < ($1.arrival, $1.id) }
    }

    /// When Postfix tries each deferred message again, in seconds since 1970: the time of modification of its file.
    package func nextTries() throws -> [String: Int] {
        let times = try messages(in: "deferred").compactMap { path -> (String, Int)? in
            guard let id = path.lastComponent?.string, let time = files.modificationTime(of: path) else { return nil }
            return (id, time)
        }
        return Dictionary(times) { first, _ in first }
    }

    private func read(_ path: FilePath) -> QueueFile? {
        guard let start = try? files.bytes(at: path, limit: Self.usual) else { return nil }
        let file = QueueFile(start)
        if file.isWhole || start.count < Self.usual { return file }
        return (try? files.bytes(at: path, limit: Self.largest)).map(QueueFile.init)
    }

    /// Bytes: the envelope of most messages.
    private static let usual = 64 << 10
    /// Bytes: more than message_size_limit is for most.
    private static let largest = 256 << 20
    /// Bytes.
    private static let logLimit = 1 << 20
}
