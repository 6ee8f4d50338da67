import Glibc
import Host
import RelayTestSupport
import SystemPackage
import Testing

struct SubprocessRunnerTests {
    private let runner = SubprocessRunner()

    @Test func bothStreamsAndTheStatusComeBack() async throws {
        let output = try await runner.run(Command("sh", ["-c", "echo out; echo err >&2; exit 3"]))
        #expect(output == CommandOutput(status: 3, standardOutput: "out\n", standardError: "err\n"))
    }

    @Test func outputIsInTheCLocale() async throws {
        #expect(try await runner.run(Command("sh", ["-c", "echo $LC_ALL"])).standardOutput == "C\n")
    }

    @Test func whatDoesNotEndIsStopped() async throws {
        let started = ContinuousClock.now
        await #expect(throws: CommandFailure.self) {
            try await runner.run(Command("sleep", ["600"], timeout: .milliseconds(100)))
        }
        #expect(ContinuousClock.now - started < .seconds(300))
    }

    @Test func aMissingProgramIsTold() async throws {
        do throws(CommandFailure) {
            _ = try await runner.run(Command("no-such-program-here", []))
            Issue.record("a missing program must be an error")
        } catch {
            #expect(error.reason == .notFound)
        }
    }

    /// Folders of programs called 'tool': one that may not be run, a folder, two that may.
    private func withTools(_ body: (SubprocessRunner) async throws -> Void) async throws {
        try await withTemporaryRoot { files in
            let script = "#!/bin/sh\necho \"$0 $1\"\n"
            try files.createDirectory("/folder/tool")
            for folder in ["plain", "first", "second"] {
                let place = FilePath("/").appending(folder)
                try files.createDirectory(place)
                try files.put(Array(script.utf8), at: place.appending("tool"))
                let mode: mode_t = folder == "plain" ? 0o644 : 0o755
                #expect(chmod(files.location(of: place.appending("tool")).string, mode) == 0)
            }
            let root = files.location(of: "/").string
            let folders = ["plain", "folder", "none", "first", "second"].map { "\(root)/\($0)" }
            let path = (["", "relative"] + folders + ["/usr/bin", "/bin"]).joined(separator: ":")
            try await body(SubprocessRunner(variables: ["PATH": path]))
        }
    }

    @Test func aNameIsTheFirstProgramInPATH() async throws {
        try await withTools { runner in
            let output = try await runner.runChecked(Command("tool", ["x"])).standardOutput
            #expect(output.hasSuffix("/first/tool x\n"))
        }
    }

    @Test func aNameThatIsInNoFolderIsNotFound() async throws {
        try await withTools { runner in
            await #expect {
                try await runner.run(Command("no-such-tool", []))
            } throws: { ($0 as? CommandFailure)?.reason == .notFound }
        }
    }

    @Test(.timeLimit(.minutes(1)), arguments: ["yes", "yes >&2", "trap '' PIPE; yes; true"])
    func aProgramThatWritesTooMuchIsStopped(script: String) async throws {
        let command = Command("sh", ["-c", script], outputLimit: 1000)
        await #expect {
            try await runner.run(command)
        } throws: { ($0 as? CommandFailure)?.reason == .tooMuchOutput }
    }

    @Test func aProgramMayWriteAsMuchAsItsLimit() async throws {
        let command = Command("sh", ["-c", "head -c 1000 /dev/zero; head -c 1000 /dev/zero >&2"], outputLimit: 1000)
        let output = try await runner.runChecked(command)
        #expect(output.standardOutput.utf8.count == 1000 && output.standardError.utf8.count == 1000)
    }
}
