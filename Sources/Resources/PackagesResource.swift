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
        // A question to the package database would cost a child process in each pass; the package's files are the
        // better proof.
        let missing = missingPackages()
        // Its files may be there already, while the package manager is not done with them.
        let running = RunningTransactions(files: files).current().map { Change(.package, "wait for \($0)") }
        let changes = [running].compactMap(\.self) + missing.map { Change(.package, "install \($0.name)") }
        guard !changes.isEmpty else { return .inSync }
        return .drifted(Drift(changes) { try await install() })
    }

    private func install() async throws {
        let started = ContinuousClock.now
        try await waitForRunning(since: started)
        let missing = missingPackages()
        guard !missing.isEmpty else { return }
        let left = max(timeout - (ContinuousClock.now - started), .seconds(1))
        try await manager.install(missing.map(\.name), timeout: left, onWait: onWait)
        if let absent = missingPackages().first { throw PackageWithoutProgram(package: absent) }
    }

    private func waitForRunning(since started: ContinuousClock.Instant) async throws {
        var isTold = false
        while let running = RunningTransactions(files: files).current() {
            if !isTold { onWait("\(running), which an earlier pass began") }
            isTold = true
            let waited = ContinuousClock.now - started
            guard waited < timeout else {
                let command = Command("yum", ["install"] + required.map(\.name))
                throw PackageFailure(command: command, reason: .locked(holder: running), output: "", waited: waited)
            }
            try await Task.sleep(for: .milliseconds(200))
        }
    }

    private func missingPackages() -> [RequiredPackage] {
        required.filter { package in !package.files.contains { files.exists(FilePath($0)) } }
    }
}

/// The package manager reported success, but the package's files are missing.
package struct PackageWithoutProgram: Error, CustomStringConvertible {
    package let package: RequiredPackage

    package var description: String {
        """
        the package manager reports \(package.name) as installed, but \(package.files[0]) is missing; \
        look at 'rpm -V \(package.name)' and 'yum reinstall \(package.name)'
        """
    }
}
