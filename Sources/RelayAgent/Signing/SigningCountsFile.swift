import Host
import Resources

/// Writes the signer's counts down: soon after a message, and never while nothing happens.
struct SigningCountsFile {
    private let files: FileSystem
    private var counts = SignerCounts()
    /// Whether a write is on its way.
    private var isDue = false

    /// The time for which messages are gathered before one write.
    static let pause: Duration = .seconds(1)

    init(files: FileSystem) { self.files = files }

    /// Counts a message.
    ///
    /// - Returns: Whether the caller has to call `write` after the pause.
    mutating func count(_ result: SignerCounts.Result) -> Bool {
        counts.count(result)
        defer { isDue = true }
        return !isDue
    }

    /// Counts are no reason to let the signer end, so a file that can't be written is left out.
    mutating func write() {
        isDue = false
        try? files.createDirectory(SignerCounts.folder)
        try? SignerCounts.file(files).write(counts)
    }

    /// A signer that has ended counts nothing. systemd removes the folder of its unit, too.
    func remove() { try? files.removeDirectory(SignerCounts.folder) }
}
