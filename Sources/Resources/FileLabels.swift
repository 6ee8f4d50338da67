package import Host
package import Reconcile
import Synchronization
package import SystemPackage

/// The SELinux labels of the agent's files, by which their services may read them. A wrong label is drift, like a wrong
/// mode.
///
/// The host's own tool knows the right labels. It is asked where a label is another one than when it was asked last, so a
/// pass with nothing to do starts no program.
package final class FileLabels: Resource {
    package let name = "labels"

    private let paths: @Sendable () throws -> [FilePath]
    private let shown: [FilePath]
    private let runner: any CommandRunner
    private let files: FileSystem
    private let warn: @Sendable (String) -> Void
    /// The labels that this check has found right, or made so.
    private let judged = Mutex<String?>(nil)

    /// The labels that were right when they were looked at last.
    package static let record: FilePath = "/run/smtp-relay-agent/labels"
    private static let policies: FilePath = "/etc/selinux"

    /// - Parameters:
    ///   - paths: The files and folders that the policy has a label for.
    ///   - shown: The files that nginx shows below /run, where the policy knows of no web server.
    ///   - warn: Is told what could not be done: a label is no reason to leave the rest of the host as it is.
    package init(
        _ paths: @escaping @Sendable () throws -> [FilePath],
        shown: [FilePath],
        runner: any CommandRunner,
        files: FileSystem,
        warn: @escaping @Sendable (String) -> Void
    ) {
        self.paths = paths
        self.shown = shown
        self.runner = runner
        self.files = files
        self.warn = warn
    }

    package func check() async throws -> Check {
        guard files.hasSELinux else { return .inSync }
        let paths = try paths().filter(files.exists)
        let hidden = shown.filter { files.exists($0) && files.context(of: $0) != .webContent }
        let labels = labels(of: paths)
        var wrong: [FilePath] = []
        if (try? files.bytes(at: Self.record)) != Array(labels.utf8) {
            do {
                wrong = try await wronglyLabelled(paths)
                if wrong.isEmpty { judged.withLock { $0 = labels } }
            } catch {
                warn("the labels of the agent's files can't be checked: \(error)")
            }
        }
        guard !wrong.isEmpty || !hidden.isEmpty else { return .inSync }
        let changes = (wrong + hidden).map { Change(.file, "restore the SELinux label of \($0)") }
        return .drifted(
            Drift(changes) { [wrong, hidden] in await self.apply(wrong, hidden, of: paths) }
        )
    }

    private func apply(_ wrong: [FilePath], _ hidden: [FilePath], of paths: [FilePath]) async {
        do {
            for path in hidden { try files.setContext(.webContent, of: path) }
            if !wrong.isEmpty { try await restore(wrong) }
            judged.withLock { $0 = labels(of: paths) }
        } catch {
            warn("the labels of the agent's files can't be restored: \(error)")
        }
    }

    package func confirmed() throws {
        guard let labels = judged.withLock({ $0 }), (try? files.bytes(at: Self.record)) != Array(labels.utf8) else {
            return
        }
        try files.createDirectory(Self.record.removingLastComponent())
        try files.replace(
            Self.record,
            with: Array(labels.utf8),
            attributes: FileAttributes(permissions: .ownerReadWrite)
        )
    }

    /// Makes the host's tool label every file that there is, after files were written.
    package func restoreAll() async throws {
        let paths = try paths().filter(files.exists)
        try await restore(paths)
        judged.withLock { $0 = labels(of: paths) }
        try confirmed()
    }

    /// Types that people may choose, such as samba_share_t, are only set back with -F.
    private func restore(_ paths: [FilePath]) async throws {
        _ = try await runner.runChecked(Command("restorecon", ["-F", "-i"] + paths.map(\.string)))
    }

    private func wronglyLabelled(_ paths: [FilePath]) async throws -> [FilePath] {
        let output = try await runner.runChecked(Command("restorecon", ["-F", "-i", "-n", "-v"] + paths.map(\.string)))
        // 'Would relabel PATH from LABEL to LABEL'; before policycoreutils 2.5, 'restorecon reset PATH context LABEL->LABEL'.
        let words = output.standardOutput.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        return paths.filter { path in words.contains { $0.contains(path.string) } }
    }

    /// The label of each file, below a mark of the policy.
    private func labels(of paths: [FilePath]) -> String {
        let policies = (try? files.names(in: Self.policies)) ?? []
        let rules = policies.compactMap { try? files.fingerprint(of: Self.policies.appending("\($0)/contexts/files")) }
        let lines = paths.map { "\($0) \(files.context(of: $0)?.description ?? "-")" }
        return (rules + lines).joined(separator: "\n")
    }
}
