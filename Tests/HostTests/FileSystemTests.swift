import Glibc
import RelayTestSupport
import SystemPackage
import Testing

@testable import Host

struct FileSystemTests {
    private let attributes = FileAttributes(owner: 0, group: 0)

    @Test func aReplacedFileHasItsBytesModeAndNothingBeside() async throws {
        try await withTemporaryRoot { files in
            try files.createDirectory("/etc")
            try files.replace("/etc/a", with: Array("one".utf8), attributes: attributes)
            let mode = FileAttributes(permissions: FilePermissions(rawValue: 0o600))
            try files.replace("/etc/a", with: Array("two".utf8), attributes: mode)
            // Postfix does not wait for it to settle.
            var status = stat()
            #expect(stat(files.location(of: "/etc/a").string, &status) == 0)
            #expect((2...10).contains(time(nil) - status.st_mtim.tv_sec))
            let file = try #require(try files.file(at: "/etc/a"))
            #expect(file.bytes == Array("two".utf8))
            #expect(file.attributes.permissions.rawValue == 0o600)
            #expect(file.isRegular)
            #expect(try files.names(in: "/etc") == ["a"])
        }
    }

    /// Any kernel keeps such labels; one without SELinux makes nothing of them.
    @Test func withSELinuxAFileKeepsTheLabelOfWhatItReplaces() async throws {
        try await withTemporaryRoot { files in
            func label(_ path: FilePath) -> SecurityContext? { SecurityContext(at: files.location(of: path)) }
            let own = SecurityContext("system_u:object_r:postfix_etc_t:s0")
            // Without SELinux nothing is labelled.
            try files.replace("/main.cf", with: [1], attributes: attributes, context: own)
            #expect(label("/main.cf") == nil)
            try files.createDirectory("/sys/fs/selinux")
            try files.put([], at: "/sys/fs/selinux/enforce")
            try files.replace("/main.cf", with: [1], attributes: attributes)
            #expect(label("/main.cf") == nil)
            try files.replace("/main.cf", with: [1], attributes: attributes, context: own)
            try files.replace("/main.cf", with: [2], attributes: attributes)
            #expect(try files.bytes(at: "/main.cf") == [2])
            #expect(label("/main.cf") == own)
            try files.replace("/main.cf", with: [2], attributes: attributes, context: .webContent)
            #expect(label("/main.cf") == SecurityContext("system_u:object_r:httpd_sys_content_t:s0"))
        }
    }

    @Test func aLinkIsReplacedAndNotFollowed() async throws {
        try await withTemporaryRoot { files in
            try files.replace("/target", with: Array("kept".utf8), attributes: attributes)
            let link = files.location(of: "/link")
            #expect(symlinkat(files.location(of: "/target"), link))
            #expect(try files.file(at: "/link")?.isRegular == false)
            try files.replace("/link", with: Array("new".utf8), attributes: attributes)
            #expect(try files.file(at: "/link")?.isRegular == true)
            #expect(try files.bytes(at: "/target") == Array("kept".utf8))
        }
    }

    @Test func whatIsNotThereIsNoError() async throws {
        try await withTemporaryRoot { files in
            #expect(try files.file(at: "/nothing") == nil)
            #expect(try files.names(in: "/nothing") == nil)
            try files.remove("/nothing")
            try files.removeDirectory("/nothing")
        }
    }

    @Test func aFIFOIsReadWithoutWaitingForAWriter() async throws {
        try await withTemporaryRoot { files in
            #expect(mkfifo(files.location(of: "/fifo").string, 0o600) == 0)
            let bytes = try files.bytes(at: "/fifo")
            #expect(bytes.isEmpty)
        }
    }

    @Test func anErrorNamesThePathAndTheReason() async throws {
        try await withTemporaryRoot { files in
            #expect(throws: FileFailure(.write, "/no/folder", code: .noSuchFileOrDirectory)) {
                try files.replace("/no/folder", with: [], attributes: attributes)
            }
        }
    }

    @Test func aFingerprintTellsVersionsApart() async throws {
        try await withTemporaryRoot { files in
            try files.createDirectory("/d")
            try files.replace("/d/a", with: [1], attributes: attributes)
            let first = try files.fingerprint(of: "/d")
            #expect(try files.fingerprint(of: "/d") == first)
            try files.replace("/d/a", with: [2], attributes: attributes)
            #expect(try files.fingerprint(of: "/d") != first)
        }
    }

    @Test func textOfAnyEncodingGoesBackToItsBytes() {
        let latin1: [UInt8] = Array("# Gr".utf8) + [0xFC, 0xDF, 0x65] + Array("\na = 1\n".utf8)
        for bytes in [latin1, Array("# Grüße\n".utf8), []] {
            let text = FileText(bytes)
            #expect(text.encode(text.string) == bytes)
        }
        let edited = FileText(latin1).encode(FileText(latin1).string + "b = 2\n")
        #expect(edited == latin1 + Array("b = 2\n".utf8))
    }
}

/// Makes a symbolic link.
private func symlinkat(_ target: FilePath, _ link: FilePath) -> Bool {
    Glibc.symlink(target.string, link.string) == 0
}
