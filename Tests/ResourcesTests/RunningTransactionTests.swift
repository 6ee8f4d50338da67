import Glibc
import Host
import Reconcile
import RelayNode
import RelayTestSupport
import Resources
import Synchronization
import SystemPackage
import Testing

/// A pass waits for transactions that an earlier pass left to the package manager, also where their files are there
/// already.
struct RunningTransactionTests {
    private func withTransaction(
        timeout: Duration,
        _ body: (FileSystem, PackagesResource, @Sendable () -> [String]) async throws -> Void
    ) async throws {
        try await withTemporaryRoot { files in
            let folder: FilePath = "/run/smtp-relay-agent/transactions/1-2"
            try files.createDirectory(folder)
            #expect(symlink("/proc", files.location(of: "/proc").string) == 0)
            // This process, which goes on.
            try files.put(Array("\(getpid())\n".utf8), at: folder.appending("process"))
            for path in RequiredPackage.nginx.files {
                try files.createDirectory(FilePath(path).removingLastComponent())
                try files.put([], at: FilePath(path))
            }
            let told = Mutex<[String]>([])
            let packages = PackagesResource(
                [.nginx],
                manager: NoManager(),
                files: files,
                timeout: timeout,
                onWait: { line in told.withLock { $0.append(line) } }
            )
            try await body(files, packages) { told.withLock { $0 } }
        }
    }

    @Test func itIsWaitedForAndNamed() async throws {
        try await withTransaction(timeout: .seconds(600)) { files, packages, told in
            guard case .drifted(let drift) = try await packages.check() else { return #expect(Bool(false), "in sync") }
            #expect(drift.changes.first?.summary.hasPrefix("wait for process \(getpid()) (") == true)
            async let end: Void = drift.apply()
            while told().isEmpty { try await Task.sleep(for: .milliseconds(10)) }
            try files.put(Array("0\n".utf8), at: "/run/smtp-relay-agent/transactions/1-2/status")
            try await end
            #expect(told().count == 1)
            guard case .inSync = try await packages.check() else { return #expect(Bool(false), "a drift") }
        }
    }

    @Test func itIsNotWaitedForWithoutEnd() async throws {
        try await withTransaction(timeout: .milliseconds(500)) { _, packages, _ in
            guard case .drifted(let drift) = try await packages.check() else { return #expect(Bool(false), "in sync") }
            await #expect {
                try await drift.apply()
            } throws: { error in
                "\(error)".contains("locked by process \(getpid())")
            }
        }
    }
}

/// Is not to be asked.
private struct NoManager: PackageManager {
    func install(
        _ packages: [String],
        timeout: Duration,
        onWait: @Sendable (String) -> Void
    ) async throws(PackageFailure) {
        throw PackageFailure(command: Command("yum", packages), reason: .other, output: "not asked for", waited: .zero)
    }
}
