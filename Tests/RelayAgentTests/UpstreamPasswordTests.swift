import Host
import RelayTestSupport
import SystemPackage
import Testing
import Vocabulary

@testable import RelayAgent

struct UpstreamPasswordTests {
    private func read(_ text: String, mode: CInterop.Mode = 0o600, owner: UInt32 = 0) async throws -> Secret {
        try await withTemporaryRoot { files in
            let attributes = FileAttributes(permissions: FilePermissions(rawValue: mode), owner: owner)
            try files.replace("/password", with: Array(text.utf8), attributes: attributes)
            return try UpstreamPassword(files: files).read(try PlainPath("/password"))
        }
    }

    @Test(arguments: ["hunter2", "hunter2\n", "hunter2\r\n"])
    func oneLineIsThePassword(text: String) async throws {
        #expect(try await read(text) == Secret("hunter2"))
    }

    @Test(arguments: ["", "\n", "a\nb\n", " a", "a \n", "a\u{0}b", "a\n\n"])
    func whatPostfixWouldReadOtherwiseIsNone(text: String) async {
        await #expect {
            try await read(text)
        } throws: { ($0 as? UnusablePassword)?.reason == .notOneLine }
    }

    @Test(arguments: [0o644, 0o640, 0o604, 0o620] as [CInterop.Mode])
    func whatOthersMayReadIsNoSecret(mode: CInterop.Mode) async {
        await #expect {
            try await read("hunter2", mode: mode)
        } throws: { error in
            (error as? UnusablePassword)?.reason == .open && !"\(error)".contains("hunter2")
        }
        await #expect(throws: UnusablePassword.self) { try await read("hunter2", owner: 1) }
    }

    @Test func whatIsNotThereIsTold() async throws {
        await #expect {
            try await withTemporaryRoot { files in
                try UpstreamPassword(files: files).read(try PlainPath("/none"))
            }
        } throws: { ($0 as? UnusablePassword)?.reason == .missing }
    }
}
