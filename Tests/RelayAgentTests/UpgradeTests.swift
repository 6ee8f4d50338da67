import Glibc
import Host
import RelayTestSupport
import SystemPackage
import Testing

@testable import RelayAgent

struct UpgradeTests {
    private let running: FilePath = "/tmp/agent"

    private func put(_ text: String, at path: FilePath, in files: FileSystem) throws {
        try files.createDirectory(path.removingLastComponent())
        try files.replace(path, with: Array(text.utf8), attributes: FileAttributes(permissions: .executable))
    }

    private func text(_ path: FilePath, in files: FileSystem) throws -> String? {
        try files.file(at: path).map { String(decoding: $0.bytes, as: UTF8.self) }
    }

    @Test func theFormerProgramIsKeptAndItsOwnInstallationIsTheWayBack() async throws {
        try await withTemporaryRoot { files in
            try put("old", at: running, in: files)
            #expect(try Installation(files: files, running: running).install())
            #expect(!files.exists(Installation.previous))
            #expect(try !Installation(files: files, running: running).install())
            try put("new", at: running, in: files)
            #expect(try Installation(files: files, running: running).install())
            #expect(try text(Installation.program, in: files) == "new")
            #expect(try text(Installation.previous, in: files) == "old")
            // The same once more leaves what there is to go back to.
            #expect(try !Installation(files: files, running: running).install())
            #expect(try text(Installation.previous, in: files) == "old")
            #expect(try Installation(files: files, running: Installation.previous).install())
            #expect(try text(Installation.program, in: files) == "old")
            #expect(try text(Installation.previous, in: files) == "new")
        }
    }

    @Test func aProcessIsOutdatedWhoseProgramIsNotTheOneThatIsInstalled() async throws {
        try await withTemporaryRoot { files in
            try put("new", at: Installation.program, in: files)
            try put("old", at: running, in: files)
            for (process, program) in [(5, Installation.program), (6, running)] {
                try files.createDirectory(FilePath("/proc/\(process)"))
                let link = files.location(of: FilePath("/proc/\(process)/exe")).string
                #expect(symlink(files.location(of: program).string, link) == 0)
            }
            let installation = Installation(files: files)
            #expect(!installation.isOutdated(5))
            #expect(installation.isOutdated(6))
            // It has ended.
            #expect(!installation.isOutdated(7))
        }
    }
}
