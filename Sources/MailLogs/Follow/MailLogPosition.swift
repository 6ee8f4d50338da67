/// A place in the mail log, up to which it was read.
package enum MailLogPosition: Sendable, Equatable, Codable {
    /// The cursor of an entry of the journal (journalctl(1), `--after-cursor`).
    case journal(cursor: String)
    case file(FilePosition)
}

/// A place in a file that may be rotated, copied, cut and compressed meanwhile.
package struct FilePosition: Sendable, Equatable, Codable {
    /// The path that the log is written to.
    var path: String
    var inode: UInt64
    /// The number of bytes at the file's beginning that tell it from others, and their hash.
    var head: Int
    var hash: UInt64
    /// The place of the first byte that was not read.
    var offset: Int
}
