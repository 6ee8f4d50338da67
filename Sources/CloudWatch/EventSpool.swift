package import AWS
package import Host
import Resources
import Synchronization
package import SystemPackage

/// The events that wait for CloudWatch, on the disk: a file for each batch, so that a crash loses none and tears none.
///
/// It has a limit: the oldest batches are dropped, and their events are counted. No error leaves it, since neither mail nor a
/// pass may wait for CloudWatch.
package final class EventSpool: Sendable {
    /// The name of a batch.
    package struct Batch: Sendable, Hashable {
        /// The writers of batches, each with numbers of its own.
        package enum Series: String, Sendable, CaseIterable {
            /// The mail log: its batches wait until they are confirmed.
            case mail
            /// The agent's own log.
            case agent
        }

        package let series: Series
        package let number: Int

        package init(_ series: Series, _ number: Int) {
            self.series = series
            self.number = number
        }
    }

    private struct Stored {
        let batch: Batch
        var bytes: Int
        /// Whether it is being sent, so that it is not dropped meanwhile.
        var isInFlight = false
    }

    private struct State {
        /// The oldest first.
        var stored: [Stored] = []
        /// The last mail batch that may be sent.
        var confirmed = -1
        var dropped = 0
        /// The instance whose batches these are, once that is known.
        var instance: String?
        var bytes: Int { stored.reduce(0) { $0 + $1.bytes } }
    }

    /// What is kept beside the batches.
    private struct Kept: Codable {
        var instance: String?
        var dropped = 0
    }

    package static let folder: FilePath = "/var/lib/smtp-relay-agent/cloudwatch"
    /// Bytes.
    package static let standardLimit = 64 << 20
    /// A folder of many small files would be slow.
    private static let mostBatches = 10_000
    /// Bytes of the file system that are left to mail.
    package static let standardReserve: UInt64 = 256 << 20

    private let files: FileSystem
    private let limit: Int
    private let reserve: UInt64
    private let state: Mutex<State>
    private let kept: StateFile<Kept>

    /// - Parameters:
    ///   - limit: The bytes that all batches may have together.
    ///   - reserve: The free bytes that the disk has to keep.
    package init(files: FileSystem, limit: Int = standardLimit, reserve: UInt64 = standardReserve) {
        self.files = files
        self.limit = limit
        self.reserve = reserve
        self.kept = StateFile(Self.folder.appending("state.json"), in: files, isSecret: true)
        self.state = Mutex(State(stored: Self.stored(in: files), dropped: kept.read()?.dropped ?? 0))
        try? files.removeLeftovers(in: [Self.folder])
    }

    /// Whether a batch may be sent now.
    package var hasNext: Bool { state.withLock { state in state.stored.contains { Self.maySend($0, state) } } }

    /// The number of the newest batch of a series; `nil` where none waits.
    package func newest(_ series: Batch.Series) -> Int? {
        state.withLock { state in
            state.stored.lazy.filter { $0.batch.series == series }.map(\.batch.number).max()
        }
    }

    /// The events that were dropped, ever.
    package var dropped: Int { state.withLock { $0.dropped } }

    /// Keeps a batch, in place of one of the same number.
    package func store(_ events: [LogEvent], as batch: Batch) {
        let bytes = SpoolFile.bytes(of: events)
        state.withLock { state in
            let known = state.stored.firstIndex { $0.batch == batch }
            guard !events.isEmpty else {
                if known != nil { remove([batch], &state) }
                return
            }
            let before = known.map { state.stored[$0].bytes } ?? 0
            guard makeRoom(for: bytes.count - before, &state, but: batch), write(bytes, batch) else {
                remove([batch], &state)
                return drop(events.count, &state)
            }
            // Making room may have moved it.
            if let index = state.stored.firstIndex(where: { $0.batch == batch }) {
                state.stored[index].bytes = bytes.count
            } else {
                state.stored.append(Stored(batch: batch, bytes: bytes.count))
            }
        }
    }

    /// Lets mail batches up to a number be sent: their reader will not read them again.
    package func confirm(through number: Int) {
        state.withLock { $0.confirmed = max($0.confirmed, number) }
    }

    /// The oldest batches that may be sent, and their events. They are not dropped until they are removed.
    ///
    /// - Parameter bytes: The limit of their files together. A larger batch comes alone.
    package func next(upTo bytes: Int) -> (batches: [Batch], events: [LogEvent]) {
        state.withLock { state in
            var (batches, events, sum) = ([Batch](), [LogEvent](), 0)
            var unreadable: [Batch] = []
            for index in state.stored.indices where Self.maySend(state.stored[index], state) {
                let stored = state.stored[index]
                if !batches.isEmpty, sum + stored.bytes > bytes { break }
                guard let read = try? files.bytes(at: Self.path(of: stored.batch)) else {
                    unreadable.append(stored.batch)
                    continue
                }
                state.stored[index].isInFlight = true
                batches.append(stored.batch)
                events += SpoolFile.events(in: read)
                sum += stored.bytes
            }
            remove(unreadable, &state)
            return (batches, events)
        }
    }

    /// Forgets batches that have arrived.
    package func remove(_ batches: [Batch]) { state.withLock { remove(batches, &$0) } }

    /// Forgets all batches: nobody wants them any more.
    package func clear() { state.withLock { state in remove(state.stored.map(\.batch), &state) } }

    /// Counts events that can't be sent.
    package func drop(_ events: Int) { state.withLock { drop(events, &$0) } }

    /// Drops what came with the disk of another instance: that one has sent it, or will.
    package func adopt(_ instance: String) {
        state.withLock { state in
            guard state.instance != instance else { return }
            state.instance = instance
            let before = kept.read()
            if before?.instance == instance { return }
            if before?.instance != nil {
                remove(state.stored.map(\.batch), &state)
                state.dropped = 0
            }
            keep(Kept(instance: instance, dropped: state.dropped))
        }
    }

    private static func maySend(_ stored: Stored, _ state: State) -> Bool {
        stored.batch.series == .agent || stored.batch.number <= state.confirmed
    }

    /// Drops the oldest batches until there is room.
    ///
    /// - Returns: Whether there is.
    private func makeRoom(for bytes: Int, _ state: inout State, but batch: Batch) -> Bool {
        func hasRoom(_ state: State) -> Bool {
            let free = files.freeSpace(at: Self.existingFolder(files)) ?? .max
            return state.bytes + bytes <= limit && state.stored.count < Self.mostBatches
                && free >= reserve + UInt64(max(0, bytes))
        }
        while !hasRoom(state) {
            guard bytes <= limit, let oldest = state.stored.first(where: { !$0.isInFlight && $0.batch != batch })?.batch
            else {
                return false
            }
            let count = (try? files.bytes(at: Self.path(of: oldest))).map { SpoolFile.events(in: $0).count } ?? 0
            remove([oldest], &state)
            drop(count, &state)
        }
        return true
    }

    /// Root alone may read the folder.
    static func makeFolder(_ files: FileSystem) throws(FileFailure) {
        try files.createDirectory(folder.removingLastComponent())
        try files.createDirectory(folder, permissions: .onlyOwner)
    }

    private static func existingFolder(_ files: FileSystem) -> FilePath {
        files.exists(folder) ? folder : "/var/lib"
    }

    private func write(_ bytes: [UInt8], _ batch: Batch) -> Bool {
        do {
            try Self.makeFolder(files)
            let attributes = FileAttributes(permissions: .ownerReadWrite)
            try files.replace(Self.path(of: batch), with: bytes, attributes: attributes)
            return true
        } catch {
            return false
        }
    }

    private func remove(_ batches: [Batch], _ state: inout State) {
        for batch in batches { try? files.remove(Self.path(of: batch)) }
        state.stored.removeAll { batches.contains($0.batch) }
    }

    private func drop(_ events: Int, _ state: inout State) {
        guard events > 0 else { return }
        state.dropped += events
        var all = kept.read() ?? Kept()
        all.dropped = state.dropped
        keep(all)
    }

    /// On a full disk the count lasts as long as the process.
    private func keep(_ value: Kept) {
        do {
            try Self.makeFolder(files)
            try kept.write(value)
        } catch {
            return
        }
    }

    private static func path(of batch: Batch) -> FilePath {
        let digits = String(batch.number)
        let padded = String(repeating: "0", count: max(0, 20 - digits.utf8.count)) + digits
        return folder.appending("\(batch.series.rawValue)-\(padded)")
    }

    /// The batches that another process has left.
    private static func stored(in files: FileSystem) -> [Stored] {
        let names = (try? files.names(in: folder)) ?? []
        let found = names.compactMap { name -> (stored: Stored, time: Int)? in
            let words = name.split(separator: "-")
            guard words.count == 2, let series = Batch.Series(rawValue: String(words[0])), let number = Int(words[1]),
                let bytes = files.size(of: folder.appending(name))
            else { return nil }
            let time = files.modificationTime(of: folder.appending(name)) ?? 0
            return (Stored(batch: Batch(series, number), bytes: bytes), time)
        }
        return found.sorted { ($0.time, $0.stored.batch.number) < ($1.time, $1.stored.batch.number) }.map(\.stored)
    }
}
