package import AWS
package import Host
import Synchronization

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
        var stored: [Stored]
        /// The last mail batch that may be sent.
        var confirmed = -1
        var dropped: Int
        /// The instance whose batches these are, once that is known.
        var instance: String?

        var bytes: Int { stored.reduce(0) { $0 + $1.bytes } }

        func maySend(_ stored: Stored) -> Bool {
            stored.batch.series == .agent || stored.batch.number <= confirmed
        }
    }

    /// Bytes.
    package static let standardLimit = 64 << 20
    /// Bytes of the file system that are left to mail.
    package static let standardReserve: UInt64 = 256 << 20
    /// A folder of many small files would be slow.
    private static let mostBatches = 10_000

    private let folder: SpoolFolder
    private let limit: Int
    private let reserve: UInt64
    private let state: Mutex<State>

    /// - Parameters:
    ///   - limit: The bytes that all batches may have together.
    ///   - reserve: The free bytes that the disk has to keep.
    package init(files: FileSystem, limit: Int = standardLimit, reserve: UInt64 = standardReserve) {
        self.folder = SpoolFolder(files: files)
        self.limit = limit
        self.reserve = reserve
        let stored = folder.batches().map { Stored(batch: $0.batch, bytes: $0.bytes) }
        self.state = Mutex(State(stored: stored, dropped: folder.kept?.dropped ?? 0))
    }

    /// Whether a batch may be sent now.
    package var hasNext: Bool { state.withLock { state in state.stored.contains { state.maySend($0) } } }

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
            guard !events.isEmpty else { return remove([batch], &state) }
            let before = state.stored.first { $0.batch == batch }?.bytes ?? 0
            guard makeRoom(for: bytes.count - before, &state, but: batch), folder.write(bytes, batch) else {
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
            for index in state.stored.indices where state.maySend(state.stored[index]) {
                let stored = state.stored[index]
                if !batches.isEmpty, sum + stored.bytes > bytes { break }
                guard let read = folder.events(of: stored.batch) else {
                    unreadable.append(stored.batch)
                    continue
                }
                state.stored[index].isInFlight = true
                batches.append(stored.batch)
                events += read
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
            let before = folder.kept?.instance
            if before == instance { return }
            if before != nil {
                remove(state.stored.map(\.batch), &state)
                state.dropped = 0
            }
            folder.keep(.init(instance: instance, dropped: state.dropped))
        }
    }

    /// Drops the oldest batches until there is room.
    ///
    /// - Returns: Whether there is.
    private func makeRoom(for bytes: Int, _ state: inout State, but batch: Batch) -> Bool {
        func hasRoom(_ state: State) -> Bool {
            state.bytes + bytes <= limit && state.stored.count < Self.mostBatches
                && folder.freeSpace >= reserve + UInt64(max(0, bytes))
        }
        while !hasRoom(state) {
            let oldest = state.stored.first { !$0.isInFlight && $0.batch != batch }?.batch
            guard bytes <= limit, let oldest else { return false }
            let count = folder.events(of: oldest)?.count ?? 0
            remove([oldest], &state)
            drop(count, &state)
        }
        return true
    }

    private func remove(_ batches: [Batch], _ state: inout State) {
        for batch in batches { folder.remove(batch) }
        state.stored.removeAll { batches.contains($0.batch) }
    }

    private func drop(_ events: Int, _ state: inout State) {
        guard events > 0 else { return }
        state.dropped += events
        folder.keep(.init(instance: state.instance ?? folder.kept?.instance, dropped: state.dropped))
    }
}
