import Glibc
import Host
import RelayAgent
import RelayTestSupport
import SystemPackage
import Testing

struct OwnFilesTests {
    private func clear(_ files: FileSystem) throws -> [String] { try OwnFiles(files: files).clear() }

    @Test func whatIsNoFileIsClearedOnceAndNothingElse() async throws {
        try await withTemporaryRoot { (files) async throws in
            for path in OwnFiles.all { try files.createDirectory(path.removingLastComponent()) }
            for path in OwnFiles.all { try files.put([1], at: path) }
            #expect(try clear(files).isEmpty)
            for path in OwnFiles.all {
                try files.remove(path)
                try files.createDirectory(path)
            }
            #expect(try clear(files).count == OwnFiles.all.count)
            for path in OwnFiles.all { #expect(!files.exists(path), "\(path)") }
            #expect(try clear(files).isEmpty)
        }
    }

    @Test func whatAFolderHoldsIsKeptBesideIt() async throws {
        try await withTemporaryRoot { (files) async throws in
            let paths: [FilePath] = [
                "/run/smtp-relay-agent/proof", "/var/lib/smtp-relay-agent/generations/postfix/3-proven",
            ]
            for path in paths {
                try files.createDirectory(path)
                try files.put([7], at: path.appending("mine"))
                let line = try #require(try clear(files).first)
                #expect(line.hasPrefix("\(path) was a folder, and is now \(path).set-aside-"))
                let aside = FilePath(String(line.split(separator: " ").last ?? ""))
                #expect(try files.bytes(at: aside.appending("mine")) == [7])
                #expect(try clear(files).isEmpty)
            }
        }
    }

    @Test func aFIFOIsRemovedAndALinkStays() async throws {
        try await withTemporaryRoot { (files) async throws in
            let path: FilePath = "/run/smtp-relay-agent/busy-looks"
            try files.createDirectory(path.removingLastComponent())
            #expect(mkfifo(files.location(of: path).string, 0o600) == 0)
            #expect(try clear(files) == ["\(path) was not a plain file, and was removed"])
            #expect(symlink("elsewhere", files.location(of: path).string) == 0)
            #expect(try clear(files).isEmpty)
        }
    }

    @Test func aFolderInTheWayOfALockIsCleared() async throws {
        try await withTemporaryRoot { (files) async throws in
            try files.createDirectory("/run/smtp-relay-agent/lock")
            _ = try await HostLock.acquire("/run/smtp-relay-agent/lock", wait: .seconds(1), in: files) { _ in }
        }
    }
}
