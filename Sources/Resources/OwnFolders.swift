package import Host
package import Reconcile
package import SystemPackage

/// The agent's own folders, with their mode and owner. nginx serves the health check from one of them. A user who can write
/// to another one could change what the agent does.
///
/// The writer of the first file makes a missing folder. A link in its place is the operator's.
package struct OwnFolders: Resource {
    package let name = "folders"

    private let folders: [FilePath: FilePermissions]
    private let files: FileSystem

    /// - Parameter folders: The folders with their modes.
    package init(_ folders: [FilePath: FilePermissions] = Self.standard, files: FileSystem) {
        self.folders = folders
        self.files = files
    }

    package static let standard: [FilePath: FilePermissions] = [
        "/etc/smtp-relay-agent": .executable,
        "/run/smtp-relay-agent": .executable,
        served: .executable,
        "/var/lib/smtp-relay-agent": .executable,
        "/var/lib/smtp-relay-agent/generations": .onlyOwner,
        "/var/lib/smtp-relay-agent/cloudwatch": .onlyOwner,
        SigningKeyRing.folder: .onlyOwner,
        GenerationStore.directory(of: ServiceName("postfix")): .onlyOwner,
        GenerationStore.directory(of: ServiceName("nginx")): .onlyOwner,
    ]

    /// The folder from which nginx answers the health check.
    package static let served: FilePath = "/run/smtp-relay-agent/www"

    package func check() throws -> Check {
        var wrong: [(path: FilePath, wanted: FileAttributes)] = []
        for (path, permissions) in folders.sorted(by: { $0.key.string < $1.key.string }) {
            let wanted = FileAttributes(permissions: permissions)
            guard let found = try files.folderAttributes(at: path), found != wanted else { continue }
            wrong.append((path, wanted))
        }
        guard !wrong.isEmpty else { return .inSync }
        let changes = wrong.map { path, wanted in
            let mode = String(wanted.permissions.rawValue, radix: 8)
            return Change(.file, "set mode \(mode) and owner root on the folder \(path)")
        }
        return .drifted(
            Drift(changes) { [wrong] in
                for (path, wanted) in wrong { try files.setFolder(path, wanted) }
            }
        )
    }
}

extension FilePermissions {
    /// `rwx------`, as folders with secrets are.
    package static let onlyOwner = FilePermissions(rawValue: 0o700)
}
