package import AWS
package import Host
import Resources
import SystemPackage

/// The AWS calls of all of this program's processes since the boot, as a file.
///
/// It has a lock of its own, held for a moment: a `plan` counts too, and must not wait for a pass to end.
package struct APICallRecord: Sendable {
    private let files: FileSystem

    private static let folder: FilePath = "/run/smtp-relay-agent"
    private static let lock = folder.appending("api-calls.lock")

    package init(files: FileSystem) {
        self.files = files
    }

    /// The counts so far.
    var total: APITally.Counts {
        file.read() ?? APITally.Counts()
    }

    private var file: StateFile<APITally.Counts> { StateFile(Self.folder.appending("api-calls.json"), in: files) }

    /// Adds what a process has counted. Where the agent keeps nothing, as on a workstation, nothing is written.
    package func add(_ counts: APITally.Counts) async throws {
        guard counts != APITally.Counts(), files.exists(Self.folder) else { return }
        let lock = try await HostLock.acquire(Self.lock, wait: .seconds(5), in: files) { _ in }
        defer { extendLifetime(lock) }
        try file.write(total + counts)
    }
}
