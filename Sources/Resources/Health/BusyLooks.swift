import Host
import SystemPackage

/// The number of looks in a row that found a door slow, kept from one pass to the next.
struct BusyLooks: Sendable {
    let files: FileSystem

    private static let record: FilePath = "/run/smtp-relay-agent/busy-looks"
    /// A node that is only slow is better than one less; one that has answered nobody for about a minute is not.
    private static let limit = 5

    /// Notes one more.
    ///
    /// - Returns: Whether that is too many.
    func note() throws -> Bool {
        let before = try files.file(at: Self.record).flatMap { Int(String(decoding: $0.bytes, as: UTF8.self)) } ?? 0
        try files.createDirectory(Self.record.removingLastComponent())
        try files.replace(Self.record, with: Array("\(before + 1)".utf8), attributes: FileAttributes())
        return before + 1 >= Self.limit
    }

    func forget() throws {
        if files.exists(Self.record) { try files.remove(Self.record) }
    }
}
