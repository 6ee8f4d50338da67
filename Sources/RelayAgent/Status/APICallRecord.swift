package import AWS
import FoundationEssentials
package import Host
import SystemPackage

/// The AWS calls of all of this program's processes since the boot, as a file.
///
/// It has a lock of its own, held for a moment: a `plan` counts too, and must not wait for a pass to end.
package struct APICallRecord: Sendable {
    private let files: FileSystem

    private static let folder: FilePath = "/run/smtp-relay-agent"
    private static let file = folder.appending("api-calls.json")
    private static let lock = folder.appending("api-calls.lock")

    package init(files: FileSystem) {
        self.files = files
    }

    /// All so far.
    var total: APITally.Counts {
        let bytes = (try? files.bytes(at: Self.file)) ?? []
        return (try? JSONDecoder().decode(APITally.Counts.self, from: Data(bytes))) ?? APITally.Counts()
    }

    /// Adds what a process has counted. Where the agent keeps nothing, as on a workstation, nothing is written.
    package func add(_ counts: APITally.Counts) async throws {
        guard counts != APITally.Counts(), files.exists(Self.folder) else { return }
        let lock = try await HostLock.acquire(Self.lock, wait: .seconds(5), in: files) { _ in }
        defer { extendLifetime(lock) }
        let sum = total + counts
        try files.replace(Self.file, with: Array(try JSONEncoder().encode(sum)), attributes: FileAttributes())
    }
}
