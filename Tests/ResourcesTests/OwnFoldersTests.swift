import Glibc
import Host
import Reconcile
import RelayTestSupport
import Resources
import SystemPackage
import Testing

struct OwnFoldersTests {
    @Test(arguments: [0o700, 0o750, 0o777, 0o1755] as [mode_t])
    func aFolderWithAnotherModeIsPutRight(mode: mode_t) async throws {
        try await withTemporaryRoot { files in
            let folders = OwnFolders(files: files)
            guard case .inSync = try folders.check() else { return #expect(Bool(false), "no folder is there yet") }
            try files.createDirectory(OwnFolders.served)
            guard case .inSync = try folders.check() else { return #expect(Bool(false), "they have their mode") }
            #expect(chmod(files.location(of: OwnFolders.served).string, mode) == 0)
            guard case .drifted(let drift) = try folders.check() else { return #expect(Bool(false), "a drift") }
            #expect(drift.changes.map(\.summary) == ["set mode 755 and owner root on the folder \(OwnFolders.served)"])
            try await drift.apply()
            #expect(try files.folderAttributes(at: OwnFolders.served)?.permissions == .executable)
        }
    }

    @Test(arguments: ["postfix", "nginx"])
    func generationsAreForRootAlone(service: String) async throws {
        try await withTemporaryRoot { files in
            let directory = GenerationStore.directory(of: ServiceName(service))
            try files.createDirectory(directory, permissions: .onlyOwner)
            for folder in [directory, directory.removingLastComponent()] {
                #expect(chmod(files.location(of: folder).string, 0o755) == 0)
            }
            guard case .drifted(let drift) = try OwnFolders(files: files).check() else {
                return #expect(Bool(false), "a drift")
            }
            try await drift.apply()
            for folder in [directory, directory.removingLastComponent()] {
                #expect(try files.folderAttributes(at: folder)?.permissions == .onlyOwner)
            }
        }
    }

    @Test func aLinkInAFoldersPlaceIsLeftAlone() async throws {
        try await withTemporaryRoot { files in
            let folder: FilePath = "/var/lib/smtp-relay-agent"
            try files.createDirectory("/data")
            try files.createDirectory("/var/lib")
            #expect(chmod(files.location(of: "/data").string, 0o700) == 0)
            #expect(symlink(files.location(of: "/data").string, files.location(of: folder).string) == 0)
            guard case .inSync = try OwnFolders(files: files).check() else { return #expect(Bool(false), "a drift") }
        }
    }
}
