import Host
import RelayTestSupport
import Resources
import Signer
import Synchronization
import Testing

@testable import RelayAgent

/// The way of the signer's counts from the process that signs to the file that passes read.
struct SigningCountsTests {
    @Test func oneWriteGathersSeveralMessages() async throws {
        try await withTemporaryRoot { files in
            var file = SigningCountsFile(files: files)
            let asked = [file.count(.signed), file.count(.signed), file.count(.noKey)]
            #expect(asked == [true, false, false])
            #expect(SignerCounts.file(files).read() == nil)
            file.write()
            let counts = SignerCounts.file(files).read()
            #expect(counts?[.signed] == 2 && counts?[.noKey] == 1 && counts?[.refused] == 0)
            // The next message asks for the next write.
            let asksAgain = file.count(.signed)
            #expect(asksAgain)
            file.write()
            #expect(SignerCounts.file(files).read()?[.signed] == 3)
            file.remove()
            #expect(SignerCounts.file(files).read() == nil && !files.exists(SignerCounts.folder))
        }
    }

    /// The worker goes on signing while the first process reads nothing, and no count is lost.
    @Test func resultsWaitWhereTheyAreNotTaken() {
        let taken = Mutex<[UInt8]>([])
        let room = Mutex(0)
        let pending = PendingResults { bytes in
            let count = room.withLock { min($0, bytes.count) }
            taken.withLock { $0 += bytes.prefix(count) }
            return count
        }
        pending.tell(.signed(["example.com"]))
        pending.tell(.leftUnsigned)
        #expect(taken.withLock { $0.isEmpty })
        room.withLock { $0 = 2 }
        pending.tell(.notSigned(.headersTooLarge))
        room.withLock { $0 = 9 }
        pending.tell(.notSigned(.notSigned("x")))
        pending.tell(.refused(.permanent("7.1", "x")))
        pending.tell(.noKey(.none))
        pending.tell(.protocolViolated(.packetSize(0)))
        let results = taken.withLock { $0 }.map { SignerCounts.Result(rawValue: $0) }
        #expect(
            results == [.signed, .signedBefore, .headersTooLarge, .keyFailed, .refused, .noKey, .protocolError]
        )
    }

    /// One byte says that the worker is ready, and no result may be taken for it.
    @Test func noResultIsTheWordOfAWorkerThatIsReady() {
        #expect(SignerCounts.Result(rawValue: 1) == nil)
        #expect(Set(SignerCounts.Result.allCases.map(\.name)).count == SignerCounts.Result.allCases.count)
    }
}
