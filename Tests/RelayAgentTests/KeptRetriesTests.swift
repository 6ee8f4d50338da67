import AWS
import Host
import RelayAgent
import RelayTestSupport
import SystemPackage
import Testing

@Suite struct KeptRetriesTests {
    @Test func theNextProcessGoesOnWithWhatIsLeft() async throws {
        try await withTemporaryRoot { files in
            try files.createDirectory("/run/smtp-relay-agent")
            let tokens = RetryTokens(count: 35, filledAt: 1_800_000_000)
            KeptRetries(files: files).keep(tokens)
            #expect(KeptRetries(files: files).tokens() == tokens)
        }
    }

    @Test func nothingIsWrittenWhereTheAgentKeepsNothing() async throws {
        try await withTemporaryRoot { files in
            let retries = KeptRetries(files: files)
            retries.keep(RetryTokens(count: 35))
            #expect(retries.tokens() == nil)
            #expect(!files.exists("/run/smtp-relay-agent"))
        }
    }

    @Test func aFileThatCannotBeWrittenIsNotGoneBy() async throws {
        try await withTemporaryRoot { files in
            try files.createDirectory("/run/smtp-relay-agent/retries.json/in-the-way")
            let retries = KeptRetries(files: files)
            retries.keep(RetryTokens(count: 35))
            #expect(retries.tokens() == nil)
        }
    }
}
