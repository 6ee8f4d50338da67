import SystemPackage
import Vocabulary

/// yum 3, and dnf 4 under its own name or yum's.
package struct Yum: PackageManager {
    /// The longest wait for each kind of trouble; the overall time-out limits them all.
    package struct Patience: Sendable {
        /// Other package managers finish: cloud-init's own updates and ssm-agent's take minutes at a first boot.
        package var lock: Duration = .seconds(300)
        /// A mirror's short outage, or a NAT gateway that is not up yet.
        package var mirror: Duration = .seconds(90)
        /// DNS comes up seconds after the network (cloud-init#4085).
        package var nameResolution: Duration = .seconds(60)
        /// Between two tries.
        package var pause: Duration = .seconds(3)

        package init() {}
    }

    private let executable: String
    private let runner: any CommandRunner
    private let locks: FileLocks
    private let excludes: PackageExcludes
    private let patience: Patience

    /// The package manager that the host has: `yum`, or `dnf` where only that exists.
    package init(runner: any CommandRunner, files: FileSystem = FileSystem(), patience: Patience = Patience()) {
        self.executable = files.isExecutable("/usr/bin/yum") ? "/usr/bin/yum" : "/usr/bin/dnf"
        self.runner = runner
        self.locks = FileLocks(files: files)
        self.excludes = PackageExcludes(files: files)
        self.patience = patience
    }

    package func install(
        _ packages: [String],
        timeout: Duration,
        onWait: @Sendable (String) -> Void
    ) async throws(PackageFailure) {
        let started = ContinuousClock.now
        var told: Set<String> = []
        while true {
            let elapsed = ContinuousClock.now - started
            // Waiting for the lock is ours: yum would wait for ever, and dnf not at all for rpm's own lock.
            let command = Command(
                executable,
                ["-y", "--setopt=exit_on_lock=1", "install"] + packages,
                timeout: max(timeout - elapsed, .seconds(1)),
                isTransaction: true
            )
            let (reason, output) = await attempt(command, packages)
            guard let reason else { return }
            let waited = ContinuousClock.now - started
            guard let limit = limit(for: reason), waited + patience.pause < min(limit, timeout) else {
                throw PackageFailure(command: command, reason: reason, output: output, waited: waited)
            }
            let waitingFor = Self.waitingFor(reason)
            if told.insert(waitingFor).inserted { onWait(waitingFor) }
            do {
                try await Task.sleep(for: patience.pause)
            } catch {
                throw PackageFailure(command: command, reason: reason, output: output, waited: waited)
            }
        }
    }

    private func attempt(_ command: Command, _ packages: [String]) async -> (PackageFailure.Reason?, String) {
        do throws(CommandFailure) {
            let output = try await runner.run(command)
            let text = output.standardOutput + "\n" + output.standardError
            // yum 3 leaves a package out that it doesn't know, installs the rest, and calls it success.
            let missing = YumOutput.missingPackages(in: text, of: packages)
            guard output.status != 0 || !missing.isEmpty else { return (nil, "") }
            let trouble = await reason(for: text)
            // A repository that could not be read is left out, and then its packages are missing too.
            guard trouble == .other, !missing.isEmpty else { return (trouble, output.tail()) }
            return (absence(of: missing, in: text), explained(output.tail(), missing))
        } catch {
            return (.other, error.description)
        }
    }

    /// Nothing is enabled for a package that somebody keeps out. Where one repository alone leaves it out, another may have
    /// it.
    private func absence(of missing: [String], in text: String) -> PackageFailure.Reason {
        let lines = missing.flatMap(excludes.lines)
        let excluded = missing.filter { name in
            !excludes.lines(excluding: name).isEmpty
                || (YumOutput.isExcluded(name, in: text) && excludes.linesOfRepositories(excluding: name).isEmpty)
        }
        return excluded.isEmpty ? .missing(missing) : .excluded(excluded, by: lines)
    }

    /// The words of a package manager, with the lines by which repositories leave packages out.
    private func explained(_ output: String, _ missing: [String]) -> String {
        let lines = missing.flatMap(excludes.linesOfRepositories)
        return lines.isEmpty ? output : "\(output)\nleft out of a repository by \(lines.joined(separator: "; "))"
    }

    private func reason(for text: String) async -> PackageFailure.Reason {
        switch YumOutput.trouble(in: text) {
        case .locked(let holder): .locked(holder: describe(holder))
        case .nameResolution: .nameResolution
        case .mirror: .mirror
        case .mirrorListGone(isByProxy: true): .mirrorListGone
        // yum ends at the first name that does not resolve, so without DNS it says just the same.
        case .mirrorListGone(isByProxy: false): await isWithoutNames() ? .nameResolution : .mirrorListGone
        case .epelListSilent: .epelListSilent
        case .other: .other
        }
    }

    /// Whether the name of CentOS's vault, which is there, does not resolve either.
    private func isWithoutNames() async -> Bool {
        let look = Command("getent", ["hosts", "vault.centos.org"], timeout: .seconds(15))
        do throws(CommandFailure) {
            return try await runner.run(look).status != 0
        } catch {
            // A DNS server that does not answer takes its time to do so.
            return error.reason == .timedOut
        }
    }

    private func describe(_ holder: YumOutput.LockHolder) -> String {
        switch holder {
        case .process(let process): locks.describe(process: process)
        case .holderOf(let file): locks.holder(of: [FilePath(file)]) ?? Self.gone
        case .unknown: locks.holder(of: Self.lockFiles) ?? Self.gone
        }
    }

    private static let gone = "a process that has ended since"

    private func limit(for reason: PackageFailure.Reason) -> Duration? {
        switch reason {
        case .locked: patience.lock
        case .mirror, .epelListSilent: patience.mirror
        case .nameResolution: patience.nameResolution
        case .mirrorListGone, .missing, .excluded, .notEnabled, .other: nil
        }
    }

    private static func waitingFor(_ reason: PackageFailure.Reason) -> String {
        switch reason {
        case .locked(let holder): "the package database, locked by \(holder)"
        case .mirror, .epelListSilent: "a package mirror that fails"
        case .nameResolution: "DNS: a package mirror's name can't be resolved"
        case .mirrorListGone, .missing, .excluded, .notEnabled, .other: "the package manager"
        }
    }

    /// Where package managers of all ages keep their locks.
    private static let lockFiles: [FilePath] = [
        "/var/lib/rpm/.rpm.lock", "/usr/lib/sysimage/rpm/.rpm.lock", "/var/cache/dnf/metadata_lock.pid",
        "/var/lib/dnf/rpmdb_lock.pid", "/var/run/yum.pid",
    ]
}
