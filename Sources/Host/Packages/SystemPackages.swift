import SystemPackage
package import Vocabulary

/// Installs packages, and where no enabled repository has one, does first what this system does to have it.
///
/// Only what is missing counts: where a repository was enabled already, or a mirror of one's own has the package, the
/// system is left as it is.
package struct SystemPackages: PackageManager {
    private let manager: any PackageManager
    private let system: KnownSystem?
    private let runner: any CommandRunner
    private let files: FileSystem

    /// - Parameter system: `nil` where it is not known: then what programs it has decides.
    package init(
        _ manager: any PackageManager,
        system: KnownSystem?,
        runner: any CommandRunner,
        files: FileSystem
    ) {
        self.manager = manager
        self.system = system
        self.runner = runner
        self.files = files
    }

    package func install(
        _ packages: [String],
        timeout: Duration,
        onWait: @Sendable (String) -> Void
    ) async throws(PackageFailure) {
        let started = ContinuousClock.now
        do throws(PackageFailure) {
            return try await manager.install(packages, timeout: timeout, onWait: onWait)
        } catch {
            guard case .missing(let missing) = error.reason, missing.contains("nginx"), let step else { throw error }
            let left = { max(timeout - (ContinuousClock.now - started), .seconds(1)) }
            try await take(step, timeout: left(), onWait)
            try await manager.install(packages, timeout: left(), onWait: onWait)
        }
    }

    private var step: RepositoryStep? {
        guard let system else {
            return files.isExecutable("/usr/bin/amazon-linux-extras") ? .extras : nil
        }
        return system.nginx
    }

    private func take(
        _ step: RepositoryStep,
        timeout: Duration,
        _ onWait: @Sendable (String) -> Void
    ) async throws(PackageFailure) {
        switch step.way {
        case .package(let name):
            onWait("the package '\(name)', which brings the repository of nginx")
            do throws(PackageFailure) {
                try await manager.install([name], timeout: timeout, onWait: onWait)
            } catch {
                // All other reasons have a cure of their own.
                guard case .missing = error.reason else { throw error }
                throw PackageFailure(
                    command: error.command,
                    reason: .notEnabled("nginx", cure: step.cure),
                    output: error.output,
                    waited: error.waited
                )
            }
        case .command(let words):
            let command = Command(words[0], Array(words.dropFirst()), timeout: timeout, isTransaction: true)
            onWait("'\(command)', which enables the repository of nginx")
            let started = ContinuousClock.now
            let said: String
            do throws(CommandFailure) {
                let output = try await runner.run(command)
                guard output.status != 0 else { return }
                said = output.tail()
            } catch {
                said = error.description
            }
            throw PackageFailure(
                command: command,
                reason: .notEnabled("nginx", cure: step.cure),
                output: said,
                waited: ContinuousClock.now - started
            )
        }
    }
}
