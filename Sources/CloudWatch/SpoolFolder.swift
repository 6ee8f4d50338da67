import AWS
import Host
import Resources
import SystemPackage

/// The folder of the events that wait: a file for each batch, and one for what is kept beside them.
struct SpoolFolder: Sendable {
    /// The values that are kept beside the batches.
    struct Kept: Codable {
        /// The instance whose batches these are.
        var instance: String?
        /// The events that were dropped, ever.
        var dropped = 0
    }

    static let path: FilePath = "/var/lib/smtp-relay-agent/cloudwatch"

    private let files: FileSystem
    private let state: StateFile<Kept>

    init(files: FileSystem) {
        self.files = files
        self.state = StateFile(Self.path.appending("state.json"), in: files, isSecret: true)
    }

    /// Makes the folder where it is missing. Root alone may read it.
    static func make(_ files: FileSystem) throws(FileFailure) {
        try files.createDirectory(path.removingLastComponent())
        try files.createDirectory(path, permissions: .onlyOwner)
    }

    var kept: Kept? { state.read() }

    /// On a full disk a value lasts as long as the process.
    func keep(_ value: Kept) {
        do {
            try Self.make(files)
            try state.write(value)
        } catch {
            return
        }
    }

    /// The bytes that may still be written; the most there are where that can't be told.
    var freeSpace: UInt64 {
        files.freeSpace(at: files.exists(Self.path) ? Self.path : "/var/lib") ?? .max
    }

    func events(of batch: EventSpool.Batch) -> [LogEvent]? {
        (try? files.bytes(at: file(of: batch))).map(SpoolFile.events)
    }

    /// - Returns: Whether the file is on the disk.
    func write(_ bytes: [UInt8], _ batch: EventSpool.Batch) -> Bool {
        do {
            try Self.make(files)
            let attributes = FileAttributes(permissions: .ownerReadWrite)
            try files.replace(file(of: batch), with: bytes, attributes: attributes)
            return true
        } catch {
            return false
        }
    }

    func remove(_ batch: EventSpool.Batch) { try? files.remove(file(of: batch)) }

    /// The batches that another process has left, the oldest first, and their sizes in bytes.
    func batches() -> [(batch: EventSpool.Batch, bytes: Int)] {
        try? files.removeLeftovers(in: [Self.path])
        let names = (try? files.names(in: Self.path)) ?? []
        let found = names.compactMap { name -> (batch: EventSpool.Batch, bytes: Int, time: Int)? in
            let words = name.split(separator: "-")
            let path = Self.path.appending(name)
            guard words.count == 2, let series = EventSpool.Batch.Series(rawValue: String(words[0])),
                let number = Int(words[1]), let bytes = files.size(of: path)
            else { return nil }
            return (.init(series, number), bytes, files.modificationTime(of: path) ?? 0)
        }
        return found.sorted { ($0.time, $0.batch.number) < ($1.time, $1.batch.number) }.map { ($0.batch, $0.bytes) }
    }

    private func file(of batch: EventSpool.Batch) -> FilePath {
        let digits = String(batch.number)
        let padded = String(repeating: "0", count: max(0, 20 - digits.utf8.count)) + digits
        return Self.path.appending("\(batch.series.rawValue)-\(padded)")
    }
}
