import Host
import RelayTestSupport
import SystemPackage
import Testing

struct FileAgeTests {
    @Test func aFileThatWasJustWrittenCanLookSettled() async throws {
        try await withTemporaryRoot { files in
            try files.put([1], at: "/main.cf")
            let written = try #require(files.modificationTime(of: "/main.cf"))
            try files.makeOlder("/main.cf", than: .seconds(2))
            let settled = try #require(files.modificationTime(of: "/main.cf"))
            #expect((2...4).contains(written - settled))
            try files.makeOlder("/main.cf", than: .seconds(2))
            #expect(files.modificationTime(of: "/main.cf") == settled)
            #expect(throws: FileFailure.self) { try files.makeOlder("/nothing", than: .seconds(2)) }
        }
    }
}
