package import AWS
package import Host
import Resources
import Synchronization
import SystemPackage

/// The retries that are left to all processes of this node, until it boots. Where the agent keeps nothing, as on a workstation,
/// a process counts for itself.
package final class KeptRetries: RetryTokenStore {
    private static let folder: FilePath = "/run/smtp-relay-agent"

    private let file: StateFile<RetryTokens>
    private let files: FileSystem
    /// Whether this process may write the file; a person's without rights may not, and counts for itself.
    private let isShared = Mutex(true)

    package init(files: FileSystem) {
        self.files = files
        self.file = StateFile(Self.folder.appending("retries.json"), in: files)
    }

    package func tokens() -> RetryTokens? {
        isShared.withLock { $0 } ? file.read() : nil
    }

    package func keep(_ tokens: RetryTokens) {
        isShared.withLock { isShared in
            guard isShared, files.exists(Self.folder) else { return }
            do { try file.write(tokens) } catch { isShared = false }
        }
    }
}
