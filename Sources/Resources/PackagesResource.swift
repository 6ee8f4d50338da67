package import Host
package import Reconcile
package import RelayNode
import SystemPackage
import Vocabulary

/// The packages that the node needs, installed when they are missing and never touched when they are there.
package struct PackagesResource: Resource {
    package let name = "packages"

    private let required: [RequiredPackage]
    private let manager: any PackageManager
    private let files: FileSystem
    private let timeout: Duration
    private let onWait: @Sendable (String) -> Void

    package init(
        _ required: [RequiredPackage],
        manager: any PackageManager,
        files: FileSystem,
        timeout: Duration,
        onWait: @escaping @Sendable (String) -> Void
    ) {
        self.required = required
        self.manager = manager
        self.files = files
        self.timeout = timeout
        self.onWait = onWait
    }

    package func check() async throws -> Check {
        // Asking the package database would cost a child process each pass; what it brings is the better proof.
        let missing = missingPackages()
        guard !missing.isEmpty else { return .inSync }
        return .drifted(
            Drift(missing.map { Change(.package, "install \($0.name)") }) {
                try await manager.install(missing.map(\.name), timeout: timeout, onWait: onWait)
                if let absent = missingPackages().first { throw PackageWithoutProgram(package: absent) }
            }
        )
    }

    private func missingPackages() -> [RequiredPackage] {
        required.filter { package in !package.files.contains { files.exists(FilePath($0)) } }
    }
}

/// The package manager was content, but what the package brings is not there.
package struct PackageWithoutProgram: Error, CustomStringConvertible {
    package let package: RequiredPackage

    package var description: String {
        """
        the package manager reports \(package.name) as installed, but \(package.files[0]) is missing; \
        look at 'rpm -V \(package.name)' and 'yum reinstall \(package.name)'
        """
    }
}
