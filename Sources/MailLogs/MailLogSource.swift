import Host
package import SystemPackage

/// The place where this host keeps Postfix's log.
package enum MailLogSource: Sendable, Equatable {
    case journal
    /// A file, and those that it was rotated to, oldest first; they may be compressed.
    case files([FilePath])

    /// The place that has Postfix's newest lines: `maillog_file`, syslog's file, or the journal.
    static func current(_ name: PostfixName, file own: FilePath?, log: MailLogCommands) async -> MailLogSource {
        if let own { return .files(rotations(of: own, in: log.files)) }
        guard let file = log.files.mailLog else { return .journal }
        let files = MailLogSource.files(rotations(of: file, in: log.files))
        // A file that syslog does not write any more stays where it is.
        // Just after a rotation, the newest line is in the file before.
        let inFile = await log.newest(in: files, name)
        let inJournal = await log.newest(in: .journal, name)
        guard let inJournal else { return files }
        guard let inFile else { return .journal }
        return inFile + settling >= inJournal ? files : .journal
    }

    /// Seconds: syslog may write later than the journal.
    private static let settling = 60

    /// The commands that print its lines, oldest first.
    var printing: [String] {
        switch self {
        case .journal: Self.journalCommand
        case .files(let paths): ["sh", "-c", Self.unpacking, "sh"] + paths.map(\.string)
        }
    }

    /// Prints the journal's lines of the facility `mail`, and of Postfix's unit; Debian's Postfix runs in an instance of one.
    /// What `postsuper` and other commands by hand say is in no unit of Postfix's.
    static let journalCommand = ["journalctl", "-o", "short", "-q", "--no-pager"] + journalMatches

    static let journalMatches = [
        "SYSLOG_FACILITY=2", "+", "_SYSTEMD_UNIT=postfix.service", "+", "_SYSTEMD_UNIT=postfix@-.service",
    ]

    /// Prints files, whether they are compressed or not.
    private static let unpacking =
        "for file; do case $file in \(unpackers.map { "*.\($0.key)) \($0.value) \"$file\";; " }.sorted().joined())*) cat \"$file\";; esac; done"

    /// The command that prints a compressed file; `nil` for one that is not compressed.
    static func unpacking(_ file: FilePath) -> String? { file.extension.flatMap { unpackers[$0] } }

    private static let unpackers = ["gz": "gzip -dc", "xz": "xz -dc", "bz2": "bzip2 -dc", "zst": "zstd -dc"]

    /// A log and what logrotate(8), or Postfix itself, has made of it: `maillog-20261201`, `maillog.1.gz`. Oldest first.
    ///
    /// A compressed file beside the one that it is made of is not complete yet.
    static func rotations(of log: FilePath, in files: FileSystem) -> [FilePath] {
        guard let name = log.lastComponent?.string else { return [log] }
        let folder = log.removingLastComponent()
        let rotated = ((try? files.names(in: folder)) ?? nil ?? []).filter {
            $0.hasPrefix(name) && [".", "-"].contains($0.dropFirst(name.count).first) && $0.contains(where: \.isNumber)
        }
        let complete = rotated.filter { file in
            let isCompressed = unpackers.keys.contains { file.hasSuffix(".\($0)") }
            let origin = file.prefix(upTo: file.lastIndex(of: ".") ?? file.startIndex)
            return !isCompressed || !rotated.contains(String(origin))
        }
        let paths = complete.map { folder.appending($0) }
        let times = paths.map { ($0, files.identity(of: $0)?.modified ?? 0) }
        return times.sorted { ($0.1, $0.0.string) < ($1.1, $1.0.string) }.map(\.0) + [log]
    }
}
