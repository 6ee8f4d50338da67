package import Host
package import MailLogs
import Resources
package import SystemPackage

/// How far the mail log was read, and its counts, as a file that lasts. It may have addresses of mail, so it is root's.
package struct FollowedLogFile: Sendable {
    private let file: StateFile<FollowedLog>

    package static let path: FilePath = "/var/lib/smtp-relay-agent/mail-log.json"

    package init(files: FileSystem) { self.file = StateFile(Self.path, in: files, isSecret: true) }

    /// `nil` where nothing was read yet.
    package func read() -> FollowedLog? { file.read() }

    /// - Throws: `FileFailure`.
    package func write(_ log: FollowedLog) throws { try file.write(log) }
}
