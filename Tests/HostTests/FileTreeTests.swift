import Glibc
import Host
import RelayTestSupport
import SystemPackage
import Testing

struct FileTreeTests {
    private func put(_ path: FilePath, in files: FileSystem) throws {
        try files.createDirectory(path.removingLastComponent())
        try files.put([1, 2, 3], at: path)
    }

    @Test func aTreeGoesWithAllThatIsInItAndNothingThatALinkLeadsTo() async throws {
        try await withTemporaryRoot { files in
            try put("/a/b/c/file", in: files)
            try put("/kept/file", in: files)
            let target = files.location(of: "/kept").string
            let link = files.location(of: "/a/b/link").string
            #expect(symlink(target, link) == 0)
            try files.removeTree("/a")
            #expect(!files.exists("/a"))
            #expect(files.exists("/kept/file"))
            try files.removeTree("/a")
            try files.removeTree("/kept/file")
            #expect(try files.names(in: "/kept") == [])
        }
    }

    @Test func plainFilesAreFoundAtAnyDepthAndEmptiedInTheirPlace() async throws {
        try await withTemporaryRoot { files in
            try put("/log/one", in: files)
            try put("/log/deep/down/two", in: files)
            #expect(symlink("/nowhere", files.location(of: "/log/link").string) == 0)
            #expect(try files.plainFiles(below: "/log") == ["/log/deep/down/two", "/log/one"])
            #expect(try files.plainFiles(below: "/none").isEmpty)
            let before = try files.attributes(at: "/log/one")
            #expect(files.size(of: "/log/one") == 3)
            try files.empty("/log/one")
            #expect(files.size(of: "/log/one") == 0)
            #expect(try files.attributes(at: "/log/one") == before)
            #expect(throws: FileFailure.self) { try files.empty("/log/link") }
            #expect(files.size(of: "/none") == nil)
        }
    }
}
