import Glibc
import Host
import RelayTestSupport
import SystemPackage
import Testing

struct TransactionTests {
    private func command(_ script: String, timeout: Duration = .seconds(60)) -> Command {
        Command("sh", ["-c", script], timeout: timeout, isTransaction: true)
    }

    /// A root with the processes and locks of this host.
    private func withRoot(_ body: (FileSystem) async throws -> Void) async throws {
        try await withTemporaryRoot { files in
            #expect(symlink("/proc", files.location(of: "/proc").string) == 0)
            try await body(files)
        }
    }

    /// Where the test's processes leave their marks, as they see it.
    private func place(_ files: FileSystem) -> String { files.location(of: "/").string }

    private func appears(_ path: FilePath, _ files: FileSystem) async throws -> Bool {
        for _ in 0..<400 where !files.exists(path) { try await Task.sleep(for: .milliseconds(25)) }
        return files.exists(path)
    }

    @Test func itsOutputStatusAndVariablesAreThoseOfAnyProgram() async throws {
        try await withRoot { files in
            let runner = SubprocessRunner(variables: ["A_PROXY": "it's \"$HOME\"", "not a name": "x"], files: files)
            let output = try await runner.run(command("echo \"$A_PROXY $LC_ALL\"; pwd; echo no >&2; exit 7"))
            #expect(output == CommandOutput(status: 7, standardOutput: "it's \"$HOME\" C\n/\n", standardError: "no\n"))
            // Nothing is left of it, as it may hold a password.
            #expect(try files.names(in: "/run/smtp-relay-agent/transactions") == [])
        }
    }

    @Test func cancellingEndsOnlyTheWait() async throws {
        try await withRoot { files in
            let place = place(files)
            let script = "touch \(place)/began; while [ ! -e \(place)/go ]; do sleep 0.05; done; touch \(place)/whole"
            let waiting = Task { try await SubprocessRunner(files: files).run(command(script)) }
            #expect(try await appears("/began", files))
            waiting.cancel()
            await #expect { try await waiting.value } throws: { error in
                guard case .leftRunning = (error as? CommandFailure)?.reason else { return false }
                return true
            }
            try files.put([], at: "/go")
            #expect(try await appears("/whole", files))
        }
    }

    @Test func timeEndsOneThatChangesNoPackagesYet() async throws {
        try await withRoot { files in
            await #expect {
                try await SubprocessRunner(files: files).run(command("sleep 60", timeout: .seconds(1)))
            } throws: {
                ($0 as? CommandFailure)?.reason == .timedOut
            }
        }
    }

    /// rpm's lock is held, as while it changes packages.
    @Test func timeEndsOnlyTheWaitForOneThatChangesPackages() async throws {
        try await withRoot { files in
            try files.createDirectory("/var/lib/rpm")
            try files.put([], at: "/var/lib/rpm/.rpm.lock")
            let place = place(files)
            let work = "while [ ! -e \(place)/go ]; do sleep 0.05; done; touch \(place)/whole"
            let script = "exec flock \(place)/var/lib/rpm/.rpm.lock sh -c '\(work)'"
            let began = ContinuousClock.now
            await #expect {
                try await SubprocessRunner(files: files).run(command(script, timeout: .seconds(2)))
            } throws: {
                guard case .leftRunning(let process?) = ($0 as? CommandFailure)?.reason else { return false }
                return kill(process, 0) == 0
            }
            #expect(ContinuousClock.now - began >= .seconds(2))
            try files.put([], at: "/go")
            #expect(try await appears("/whole", files))
        }
    }
}
