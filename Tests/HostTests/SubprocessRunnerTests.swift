import Glibc
import Host
import RelayTestSupport
import SystemPackage
import Testing

struct ProgramSearchTests {
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
}
