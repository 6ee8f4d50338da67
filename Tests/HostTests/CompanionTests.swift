import Host
import RelayTestSupport
import SystemPackage
import Testing

struct CompanionTests {
    /// A companion that writes down what it reads, and then that it has read the end.
    private func companion(_ output: FilePath) throws -> Companion {
        // The first word after the script stands where the program's name would.
        try Companion(
            ["-c", "read -n 1 word; printf \"%s end\" \"$word\" >$0.part; mv $0.part $0", output.string],
            program: "/bin/bash"
        )
    }

    private func read(_ output: FilePath, in files: FileSystem) async throws -> String {
        while !files.exists(output) { try await Task.sleep(for: .milliseconds(5)) }
        return String(decoding: try files.bytes(at: output), as: UTF8.self)
    }

    @Test func itReadsTheEndWhereNoWordCame() async throws {
        try await withTemporaryRoot { (files) async throws in
            var companion: Companion? = try companion(files.location(of: "/out"))
            #expect(companion != nil)
            companion = nil
            #expect(try await read("/out", in: files) == " end")
        }
    }

    @Test func itReadsTheWord() async throws {
        try await withTemporaryRoot { (files) async throws in
            let companion = try companion(files.location(of: "/out"))
            companion.dismiss()
            #expect(try await read("/out", in: files) == ". end")
        }
    }

    @Test func toDismissOneThatHasEndedDoesNoHarm() async throws {
        let companion = try Companion(["-c", "exit 0"], program: "/bin/sh")
        for _ in 0..<50 {
            companion.dismiss()
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    @Test func aProgramThatIsNotThereIsAnError() {
        let failure = #expect(throws: CompanionFailure.self) { try Companion([], program: "/no/such/program") }
        #expect(failure?.code == .noSuchFileOrDirectory)
    }
}
