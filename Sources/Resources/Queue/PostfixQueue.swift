package import Host
package import SystemPackage

/// Postfix's queue, as its files on disk tell (qmgr(8)): asking `postqueue` would cost a process and, on a busy relay,
/// seconds.
package struct PostfixQueue: Sendable {
    let files: FileSystem
    let directory: FilePath

    /// It reads main.cf, which may name another place (`queue_directory`).
    package init(files: FileSystem) {
        self.files = files
        self.directory = QueueDirectory.current(files)
    }

    /// - Throws: `MissingQueue` where there are no queues: then nothing can be said of them.
    package func requireFolders() throws {
        let active = directory.appending("active")
        if !files.exists(active) { throw MissingQueue(path: active) }
    }

    /// The number of messages in each state.
    package struct Counts: Sendable, Equatable, Codable {
        /// Handed in on this host, and not looked at yet.
        package var maildrop = 0
        package var incoming = 0
        package var active = 0
        package var deferred = 0
        /// Held by an operator; nothing delivers them.
        package var hold = 0
        /// When the oldest of the deferred messages arrived, in seconds since 1970; of the first few hundred that were
        /// looked at, where there are more.
        package var oldestDeferred: Int?

        package init() {}

        /// The messages that Postfix tries to deliver.
        package var waiting: Int { maildrop + queued }
        /// The waiting messages on their way to the queue manager, which takes moments.
        package var entering: Int { maildrop + incoming }
        /// The waiting messages that the queue manager has, and that `postsuper -h` holds.
        package var queued: Int { incoming + active + deferred }
        /// The messages that are being delivered, or are about to be.
        package var moving: Int { maildrop + incoming + active }
    }

    /// - Throws: `FileFailure` where the queue may not be read: it is root's and Postfix's own.
    package func counts() throws -> Counts {
        var counts = Counts()
        counts.maildrop = try messages(in: "maildrop").count
        counts.incoming = try messages(in: "incoming").count
        counts.active = try messages(in: "active").count
        counts.hold = try messages(in: "hold").count
        let deferred = try messages(in: "deferred")
        counts.deferred = deferred.count
        counts.oldestDeferred = deferred.prefix(Self.lookLimit).compactMap(arrival).min()
        return counts
    }

    /// Message files; a queue may be spread over folders of one character, some levels deep (hash_queue_depth).
    func messages(in queue: String) throws -> [FilePath] {
        var found: [FilePath] = []
        func visit(_ folder: FilePath) throws {
            for name in try files.names(in: folder) ?? [] {
                let path = folder.appending(name)
                if name.utf8.count == 1 { try visit(path) } else { found.append(path) }
            }
        }
        try visit(directory.appending(queue))
        return found
    }

    /// When a message came, as its file says.
    private func arrival(_ message: FilePath) -> Int? {
        (try? files.bytes(at: message, limit: 256)).flatMap { QueueFile($0).arrival }
    }

    private static let lookLimit = 500
}

/// Postfix's queue is not where main.cf has it.
package struct MissingQueue: Error, CustomStringConvertible {
    package let path: FilePath

    package var description: String {
        "\(path) is not there, so what Postfix has queued is not known; look at queue_directory in main.cf, and its volume"
    }
}
