package import Host
package import MailLogs
import Resources
package import SystemPackage

/// The state of the follower of the mail log, as a file that lasts. Only root may read it.
package struct FollowedLogFile: Sendable {
    private let file: StateFile<FollowedLog>
    private let files: FileSystem

    package static let path: FilePath = "/var/lib/smtp-relay-agent/mail-log.json"

    package init(files: FileSystem) {
        self.file = StateFile(Self.path, in: files, isSecret: true)
        self.files = files
    }

    package var exists: Bool { files.exists(Self.path) }

    /// Another instance's log and counts came with its disk.
    ///
    /// - Throws: `FileFailure`.
    package func remove() throws { try files.remove(Self.path) }

    /// `nil` where nothing was read yet.
    package func read() -> FollowedLog? { file.read() }

    /// - Throws: `FileFailure`.
    package func write(_ log: FollowedLog) throws { try file.write(log) }
}
